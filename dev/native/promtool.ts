import { join } from 'node:path';
import { MissingPrerequisiteError, type StartOptions } from '../service.ts';
import { cached } from './cache.ts';
import { runToEnd } from './process.ts';
import { findProgram } from './programs.ts';
import { step } from './step.ts';

const programName = 'promtool';

/**
 * The path of Prometheus' tool for rules: the machine's own, else that of Debian's package, which is unpacked but not
 * installed. Building it with Go would take a quarter of an hour: it brings along the clients of every cloud.
 *
 * @throws MissingPrerequisiteError where neither can be had
 */
export async function findPromtool(options: StartOptions): Promise<string> {
  return (await findProgram(programName)) ?? (await unpackedPromtool(options));
}

async function unpackedPromtool(options: StartOptions): Promise<string> {
  const { report, signal } = options;
  const [apt, dpkg] = await Promise.all([findProgram('apt-get'), findProgram('dpkg-deb')]);
  if (apt === undefined || dpkg === undefined) throw missing('this is no Debian');
  const fill = (folder: string) =>
    step('fetching promtool from Debian', report, async () => {
      await download(apt, folder, signal);
      // What else is in the package stays out, such as links to other packages.
      const unpack = `dpkg-deb --fsys-tarfile prometheus_*.deb | tar -x ./usr/bin/${programName}`;
      const tidy = `mv usr/bin/${programName} . && rm -r usr prometheus_*.deb`;
      await runToEnd(
        {
          program: '/bin/sh',
          arguments: ['-c', `${unpack} && ${tidy}`],
          workingFolder: folder,
        },
        signal,
      );
    });
  return join(await cached('promtool-debian', fill, options), programName);
}

async function download(apt: string, folder: string, signal: AbortSignal | undefined) {
  try {
    await runToEnd(
      { program: apt, arguments: ['download', 'prometheus'], workingFolder: folder },
      signal,
    );
  } catch (thrown) {
    signal?.throwIfAborted();
    throw missing(`Debian's package can't be fetched (${String(thrown)})`);
  }
}

function missing(why: string): MissingPrerequisiteError {
  return new MissingPrerequisiteError(
    `There is no promtool, and ${why}: install Prometheus, or put promtool on the PATH.`,
  );
}
