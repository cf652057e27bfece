# The program in an image without shell or package manager. It is built from the lockfile alone:
#   docker build --tag powerspace-connector --build-arg VERSION=0.1.0 --build-arg REVISION="$(git rev-parse HEAD)" .

# The Node.js that package.json pins for the tests. A mirror, or a digest, can stand in for either.
ARG BUILD_IMAGE=node:26.10.0-trixie-slim
# Node.js 26 and the libraries that it needs (libatomic among them), certificates and time zones, nothing
# else; rebuilt with each patch of Node.js 26 and of Debian. Its tags don't name versions: for builds that
# repeat to the byte, pin it with @sha256:… and raise that with each release.
ARG BASE_IMAGE=gcr.io/distroless/nodejs26-debian13:nonroot

FROM ${BUILD_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# No dependency that runs in production has an install script to run (lz4 comes built, by platform).
# Half of what the packages hold is for compilers and debuggers, and can't be run by Node.js.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund && \
  find node_modules -type f \( -name '*.ts' -o -name '*.mts' -o -name '*.cts' -o -name '*.map' -o -name '*.md' \) -delete

FROM ${BUILD_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
# Without scripts, the image's own Node.js builds, not one that an npm package downloads.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src src
COPY dev dev
RUN npm run build -- --sourceMap false && mkdir /empty

FROM ${BASE_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="powerspace-connector" \
  org.opencontainers.image.description="Reports leads and orders from a Kafka platform's Avro events to Powerspace, once each." \
  org.opencontainers.image.licenses="MIT" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}"
ENV NODE_ENV=production
COPY package.json connector.example.yaml /app/
COPY schemas /app/schemas
COPY --from=dependencies /app/node_modules /app/node_modules
COPY --from=build /app/dist /app/dist
# Where an SQLite store can be: a volume mounted here belongs to the user below.
COPY --from=build --chown=65532:65532 /empty /var/lib/powerspace-connector
# Commands find connector.yaml here.
WORKDIR /etc/powerspace-connector
USER 65532:65532
EXPOSE 9464
STOPSIGNAL SIGTERM
# Whether it answers, not whether it is ready: a restart doesn't mend a Powerspace that is down.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
  CMD ["/nodejs/bin/node", "/app/dist/src/main.js", "health", "--live"]
ENTRYPOINT ["/nodejs/bin/node", "/app/dist/src/main.js"]
CMD ["run"]
