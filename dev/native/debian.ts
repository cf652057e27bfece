import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MissingPrerequisiteError, type StartOptions } from '../service.ts';
import { cached } from './cache.ts';
import { newDataFolder } from './dataFolder.ts';
import { runToEnd } from './process.ts';
import { findProgram } from './programs.ts';
import { step } from './step.ts';

/** Packages that are unpacked, where they are not installed. */
export interface DebianPackages {
  /** The part that they make, for its folder in the cache. */
  readonly part: string;
  readonly packages: readonly string[];
  /** What to do where there is no way to them, as one sentence. */
  readonly otherwise: string;
}

/**
 * The folder in which Debian's packages lie unpacked, for whoever may not install them: fetched once from where
 * the machine's apt gets its packages. Nothing of the system's own is changed.
 *
 * @throws MissingPrerequisiteError where apt isn't there, or doesn't get them
 */
export async function unpackedPackages(
  { part, packages, otherwise }: DebianPackages,
  options: StartOptions,
): Promise<string> {
  const programs = await Promise.all(['apt-get', 'dpkg-deb'].map((name) => findProgram(name)));
  const [apt, dpkg] = programs;
  if (apt === undefined || dpkg === undefined) throw new MissingPrerequisiteError(otherwise);
  const what = `fetching ${packages.join(', ')} (once)`;
  const fill = (folder: string) =>
    step(what, options.report, async () => {
      try {
        await unpack({ apt, dpkg, packages }, folder, options.signal);
      } catch (thrown) {
        options.signal?.throwIfAborted();
        const reason = thrown instanceof Error ? thrown.message : String(thrown);
        throw new MissingPrerequisiteError(`${otherwise} (${reason})`);
      }
    });
  return cached(`${part}-${await systemVersion()}`, fill, options);
}

async function unpack(
  {
    apt,
    dpkg,
    packages,
  }: { readonly apt: string; readonly dpkg: string } & Pick<DebianPackages, 'packages'>,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  // Lists of its own: those of the system need not be there, nor up to date, and only root may renew them.
  const own = await newDataFolder('apt', async (made) => {
    const folders = ['lists/partial', 'cache/archives/partial', 'packages'];
    for (const each of folders) await mkdir(join(made, each), { recursive: true });
  });
  const run = (program: string, given: readonly string[]) =>
    runToEnd({ program, arguments: given, workingFolder: join(own, 'packages') }, signal);
  const places = [
    ...['-qq', '-o', `Dir::State::lists=${join(own, 'lists')}`],
    ...['-o', `Dir::Cache=${join(own, 'cache')}`, '-o', 'APT::Sandbox::User='],
  ];
  await using clearing = new AsyncDisposableStack();
  clearing.defer(() => rm(own, { recursive: true, force: true }));
  await run(apt, [...places, 'update']);
  await run(apt, [...places, 'download', ...packages]);
  for (const file of await readdir(join(own, 'packages'))) await run(dpkg, ['-x', file, folder]);
}

/** `debian-12`: what is fetched fits this release alone. */
async function systemVersion(): Promise<string> {
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const read = (name: string) => new RegExp(`^${name}="?([\\w.-]+)"?$`, 'm').exec(text)?.[1];
  return `${read('ID') ?? 'system'}-${read('VERSION_ID') ?? 'any'}`;
}
