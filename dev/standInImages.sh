#!/usr/bin/env bash
# Builds the Dockerfile where no registry can be reached: with buildah, on stand-ins for its two base images,
# made of this machine's own files (Node.js of node_modules, npm, the libraries that they need).
#   dev/standInImages.sh TAG
set -euo pipefail
cd "$(dirname "$0")/.."
tag=${1:?usage: dev/standInImages.sh TAG}
node=$(npx --no-install node -p process.execPath)
npm=$(npm root --global)/npm
work=$(mktemp --directory)
trap 'rm -rf "$work"' EXIT

# copy_program ROOT PROGRAM TARGET: with the libraries that it is linked to, in their places.
copy_program() {
  install -D --mode 755 "$2" "$1$3"
  ldd "$2" | grep -o '/[^ ]*' | while read -r library; do
    [ -e "$1$library" ] || install -D --mode 755 "$library" "$1$library"
  done
}

# What the base image promises: Node.js, its libraries, the whole of libc6, a user 65532; no shell.
base=$work/base
copy_program "$base" "$node" /nodejs/bin/node
dpkg --listfiles libc6 | grep '[.]so' | while read -r library; do
  [ -d "$library" ] || install -D --mode 755 "$library" "$base$library"
done
mkdir -p "$base/etc" "$base/tmp"
echo 'nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin' > "$base/etc/passwd"
echo 'nonroot:x:65532:' > "$base/etc/group"
chmod 1777 "$base/tmp"

# What the build needs: the same Node.js, npm, a shell.
build=$work/build
copy_program "$build" "$node" /usr/bin/node
copy_program "$build" /bin/sh /bin/sh
for program in env find mkdir; do copy_program "$build" "/usr/bin/$program" "/usr/bin/$program"; done
mkdir -p "$build/usr/lib/node_modules" "$build/tmp" "$build/root" "$build/etc"
cp --recursive "$npm" "$build/usr/lib/node_modules/npm"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$build/usr/bin/npm"

mounts=()
for file in "$HOME/.npmrc" "${NODE_EXTRA_CA_CERTS:-}" /etc/resolv.conf /etc/hosts; do
  [ -f "$file" ] && mounts+=(--volume "$file:$file:ro")
done
for name in base build; do
  environment=()
  [ "$name" = build ] && environment=(ENV "NODE_EXTRA_CA_CERTS=${NODE_EXTRA_CA_CERTS:-}" PATH=/usr/bin:/bin)
  printf 'FROM scratch\nCOPY . /\n%s\n' "${environment[*]}" > "$work/$name.Dockerfile"
  buildah bud --quiet --file "$work/$name.Dockerfile" --tag "localhost/stand-in-$name" "$work/$name"
done
buildah bud --isolation chroot --network host --format docker "${mounts[@]}" --tag "$tag" \
  --build-arg BASE_IMAGE=localhost/stand-in-base --build-arg BUILD_IMAGE=localhost/stand-in-build \
  --build-arg REVISION="$(git rev-parse HEAD)" .
