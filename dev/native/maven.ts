import { MissingPrerequisiteError } from '../service.ts';
import { runToEnd } from './process.ts';
import { findProgram } from './programs.ts';

const dependencyPlugin = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1';

/**
 * Runs a goal of Maven's dependency plugin (`copy-dependencies`, `unpack`) in a folder, which is removed when it is given up.
 *
 * @param part what is fetched; with the address that the environment may give, the way out
 * @throws MissingPrerequisiteError when there is no Maven
 */
export async function runMaven(
  goal: { readonly name: string; readonly settings: readonly string[] },
  folder: string,
  part: { readonly name: string; readonly addressVariable: string },
  signal: AbortSignal | undefined,
): Promise<void> {
  const maven = await findProgram('mvn');
  if (maven === undefined) {
    throw new MissingPrerequisiteError(
      `${part.name} is fetched with Maven, and there is no mvn: install Maven, or start Docker, or set ${part.addressVariable}.`,
    );
  }
  await runToEnd(
    {
      program: maven,
      arguments: ['--quiet', '--batch-mode', `${dependencyPlugin}:${goal.name}`, ...goal.settings],
      dataFolder: folder,
    },
    signal,
  );
}
