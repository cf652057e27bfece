import { engineAnswers } from './docker.ts';
import type { Service, StartOptions } from './service.ts';

/** The ways to a part, in the order in which they are tried. */
export interface Ways<Part extends Service> {
  /** The part whose address the environment gives, if it does. */
  readonly fromEnvironment: (environment: NodeJS.ProcessEnv) => Part | undefined;
  /** Starts it in a container. */
  readonly inContainer: (options: StartOptions) => Promise<Part>;
  /** Starts it as a process of this machine. */
  readonly natively: (options: StartOptions) => Promise<Part>;
}

/**
 * The part by the first way that is open: an address in the environment, a container where an engine
 * answers, a process. A container that can't be started, for want of its image say, is reported and
 * the process started instead.
 *
 * @throws MissingPrerequisiteError, with the ways out, when no way is open
 */
export async function startPart<Part extends Service>(
  name: string,
  ways: Ways<Part>,
  options: StartOptions,
): Promise<Part> {
  const given = ways.fromEnvironment(process.env);
  if (given !== undefined) return given;
  const named = { ...options, report: (line: string) => options.report(`${name}: ${line}`) };
  if (await engineAnswers(process.env)) {
    try {
      return await ways.inContainer(named);
    } catch (error) {
      options.signal?.throwIfAborted();
      const reason = error instanceof Error ? error.message : String(error);
      named.report(`no container (${reason}); starting it as a process`);
    }
  }
  options.signal?.throwIfAborted();
  return ways.natively(named);
}
