import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { cached } from '../dev/native/cache.ts';
import { freePorts } from '../dev/native/ports.ts';
import { runToEnd, startProcess } from '../dev/native/process.ts';
import { findProgram } from '../dev/native/programs.ts';
import { portAnswers, untilReady } from '../dev/native/ready.ts';
import { step } from '../dev/native/step.ts';
import { MissingPrerequisiteError, type StartOptions } from '../dev/service.ts';

const source = fileURLToPath(new URL('./receiver/', import.meta.url));
const programName = 'receiver';

const countSchema = z.object({
  requests: z.number(),
  distinct: z.number(),
  firstAt: z.number(),
  lastAt: z.number(),
});

/** What has come since the last reset. */
interface Received {
  readonly requests: number;
  /** Click ids. */
  readonly distinct: number;
  /** Of the first and the last request, in milliseconds since 1970; 0 where there was none. */
  readonly firstAt: number;
  readonly lastAt: number;
}

/** A Powerspace in a process of its own that is never the limit. */
export interface Receiver {
  /** Where postbacks go. */
  readonly url: string;
  /** An OTLP endpoint that takes spans and forgets them. */
  readonly otlpUrl: string;
  count(): Promise<Received>;
  /** Forgets what came; answers after so many milliseconds from now on. */
  reset(delay: number): Promise<void>;
  stop(): Promise<void>;
}

/** Builds the receiver where it was not yet, and starts it. Throws MissingPrerequisiteError where there is no Go. */
export async function startReceiver(options: StartOptions): Promise<Receiver> {
  const program = await builtReceiver(options);
  const [port = 0, controlPort = 0] = await freePorts(2);
  const listen = [`-listen=127.0.0.1:${port}`, `-control=127.0.0.1:${controlPort}`];
  const running = startProcess({ program, arguments: listen });
  const isReady = async () => (await portAnswers(port)) && (await portAnswers(controlPort));
  await untilReady('the receiver', running, isReady, options.signal);
  const control = `http://127.0.0.1:${controlPort}`;
  return {
    url: `http://127.0.0.1:${port}`,
    otlpUrl: control,
    async count() {
      const answer = await fetch(`${control}/count`);
      const { requests, distinct, firstAt, lastAt } = countSchema.parse(await answer.json());
      return { requests, distinct, firstAt: firstAt / 1_000, lastAt: lastAt / 1_000 };
    },
    async reset(delay) {
      const answer = await fetch(`${control}/reset?delay=${delay}`, { method: 'POST' });
      if (!answer.ok) throw new Error(`the receiver answered ${answer.status} to a reset`);
    },
    stop: running.stop,
  };
}

async function builtReceiver(options: StartOptions): Promise<string> {
  const text = await readFile(join(source, 'main.go'), 'utf8');
  const version = createHash('sha256').update(text).digest('hex').slice(0, 12);
  const fill = (folder: string) =>
    step('building the receiver with Go', options.report, () => build(folder, options.signal));
  return join(await cached(`bench-receiver-${version}`, fill, options), programName);
}

async function build(folder: string, signal: AbortSignal | undefined): Promise<void> {
  const go = await findProgram('go');
  if (go === undefined) {
    throw new MissingPrerequisiteError(
      "The bench's receiver is built with Go, and there is no go: install Go 1.22 or newer.",
    );
  }
  const output = ['-o', join(folder, programName)];
  await runToEnd(
    { program: go, arguments: ['build', ...output, '.'], workingFolder: source },
    signal,
  );
}
