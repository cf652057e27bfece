import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { z } from 'zod';

/** What `run --json` says at its end. */
const reportSchema = z.object({
  records: z.number(),
  outcomes: z.object({
    delivered: z.number(),
    duplicate: z.number(),
    skipped: z.number(),
    'dead-lettered': z.number(),
  }),
  reasons: z.record(z.string(), z.number()),
});

/** What became of the records, as the connector itself reports it. */
export type ConnectorReport = z.infer<typeof reportSchema>;

/** A connector that runs as a process of its own, as a user would run it. */
export interface ConnectorProcess {
  /** Resolves, once it reads, with the address of its admin server. */
  readonly reading: Promise<string>;
  /** Rejects when it ends though nobody asked it to; the error names the exit code, or the signal. */
  readonly failed: Promise<never>;
  /** Ends it with SIGTERM and returns its report. Throws when it doesn't end well. */
  stop(): Promise<ConnectorReport>;
  /** Ends it at once, whatever it does. */
  kill(): void;
  /** Stops it where it is, until it is resumed: it notices nothing. */
  pause(): void;
  resume(): void;
}

/** How to run it. */
export interface ConnectorProcessOptions {
  /** This program, such as `src/main.ts`. */
  readonly program: string;
  readonly configFile: string;
  /** Where its log goes. */
  readonly logFile: string;
  readonly environment: NodeJS.ProcessEnv;
}

/** Runs `powerspace-connector run` with that configuration. */
export function startConnectorProcess(options: ConnectorProcessOptions): ConnectorProcess {
  const child = spawn(
    process.execPath,
    [options.program, 'run', '--json', '--config', options.configFile],
    { env: options.environment, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  child.stderr.pipe(createWriteStream(options.logFile));
  const reading = findAdminUrl(child.stderr);
  const output = text(child.stdout);
  const exited = once(child, 'exit');
  const failed = exited.then(() => {
    throw new Error(`the connector ended (${endOf(child)}); its log: ${options.logFile}`);
  });
  // Both are for whoever waits for them; nobody may.
  failed.catch(() => undefined);
  reading.catch(() => undefined);
  return {
    reading,
    failed,
    async stop() {
      child.kill('SIGTERM');
      await exited;
      requireSuccess(child, options.logFile);
      return reportSchema.parse(JSON.parse(await output));
    },
    kill: () => child.kill('SIGKILL'),
    pause: () => child.kill('SIGSTOP'),
    resume: () => child.kill('SIGCONT'),
  };
}

/** The log line `reading` names the address. */
async function findAdminUrl(log: Readable): Promise<string> {
  for await (const line of createInterface({ input: log })) {
    const found = readingLine.safeParse(parseJson(line));
    if (found.success) return found.data.admin;
  }
  throw new Error('the connector ended before it read anything');
}

const readingLine = z.object({ msg: z.literal('reading'), admin: z.url() });

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // Node's own warnings are no JSON.
    return undefined;
  }
}

function requireSuccess(child: ChildProcess, logFile: string): void {
  if (child.exitCode === 0) return;
  throw new Error(`the connector ended (${endOf(child)}); its log: ${logFile}`);
}

function endOf({ exitCode, signalCode }: ChildProcess): string {
  return signalCode ?? `exit code ${exitCode}`;
}
