import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Fault, SandboxEntry } from '../../src/sandbox/sandbox.ts';
import { freePorts } from '../native/ports.ts';
import { urlAnswers } from '../native/ready.ts';
import { until } from '../until.ts';

/** Observer S: a Powerspace in a process of its own, which writes down each request and outlives everything. */
export interface Receiver {
  readonly port: number;
  /** Replaces what goes wrong with its answers. */
  setFaults(faults: readonly Fault[]): Promise<void>;
  /** How many postbacks it has answered with a 2xx. */
  recorded(): Promise<number>;
  /** Ends it and returns all that it has written down, in the order of arrival. */
  stop(): Promise<readonly SandboxEntry[]>;
  kill(): void;
}

const summarySchema = z.object({ leads: z.number(), orders: z.number() });
const entrySchema = z.object({
  at: z.number(),
  kind: z.enum(['lead', 'order']),
  clickId: z.string(),
  value: z.string().exactOptional(),
  status: z.number().nullable(),
});

/** Runs `powerspace-connector sandbox`; what it receives goes into `journalFile`, a JSON a line. */
export async function startReceiver(program: string, journalFile: string): Promise<Receiver> {
  const [port = 0] = await freePorts(1);
  const journal = await open(journalFile, 'w');
  const listen = ['--listen', `127.0.0.1:${port}`];
  const child = spawn(process.execPath, [program, 'sandbox', '--json', ...listen], {
    stdio: ['ignore', journal.fd, 'inherit'],
  });
  await journal.close();
  const ended = once(child, 'exit');
  const url = `http://127.0.0.1:${port}/sandbox`;
  await until(
    () => urlAnswers(url),
    (answers) => answers,
    { deadline: 30_000, what: 'the receiver to listen' },
  );
  return {
    port,
    async setFaults(faults) {
      const answer = await fetch(`${url}/faults`, { method: 'PUT', body: JSON.stringify(faults) });
      if (!answer.ok) throw new Error(`the receiver takes no such faults: ${await answer.text()}`);
    },
    async recorded() {
      const { leads, orders } = summarySchema.parse(await (await fetch(url)).json());
      return leads + orders;
    },
    async stop() {
      child.kill('SIGTERM');
      await ended;
      return readJournal(journalFile);
    },
    kill: () => child.kill('SIGKILL'),
  };
}

/** Its last line is the summary, which is no entry. */
async function readJournal(file: string): Promise<readonly SandboxEntry[]> {
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
  return lines.slice(0, -1).map((line) => entrySchema.parse(JSON.parse(line)));
}
