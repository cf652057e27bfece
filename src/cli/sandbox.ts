import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { listenAddress } from '../config/values.ts';
import { ConfigurationError, toError } from '../errors.ts';
import { splitAddress } from '../listen.ts';
import { type Fault, faultsSchema } from '../sandbox/faults.ts';
import {
  type Sandbox,
  type SandboxEntry,
  type SandboxOptions,
  type SandboxSummary,
  startSandbox,
} from '../sandbox/sandbox.ts';
import { waitForSignal } from './signals.ts';
import { UsageError } from './usageError.ts';

/** Options of `sandbox`. */
export interface SandboxCommandOptions {
  readonly listen: string;
  readonly faults?: string;
  readonly json?: true;
}

/** Answers postbacks until it is told to stop, a line for each, and then says what it recorded. */
export async function sandbox(options: SandboxCommandOptions): Promise<number> {
  const faults = options.faults === undefined ? [] : await readFaults(options.faults);
  const signalled = waitForSignal();
  const running = await start(options.listen, {
    faults,
    record: (entry) => process.stdout.write(`${formatEntry(entry, options)}\n`),
  });
  process.stderr.write(`A Powerspace for dry runs at ${running.url}; Ctrl-C ends it.\n`);
  await signalled;
  const summary = running.summary();
  await running.close();
  process.stdout.write(`${options.json ? JSON.stringify(summary) : formatSummary(summary)}\n`);
  return 0;
}

async function start(
  listen: string,
  options: Omit<SandboxOptions, 'host' | 'port'>,
): Promise<Sandbox> {
  if (!listenAddress.safeParse(listen).success) {
    throw new UsageError(`--listen "${listen}" is not host:port, such as 127.0.0.1:8090`);
  }
  try {
    return await startSandbox({ ...options, ...splitAddress(listen) });
  } catch (thrown) {
    const { message } = toError(thrown);
    throw new Error(`the sandbox can't listen on ${listen} (--listen): ${message}`);
  }
}

function formatEntry(entry: SandboxEntry, { json }: SandboxCommandOptions): string {
  if (json) return JSON.stringify(entry);
  const { at, kind, clickId, value, status } = entry;
  const amount = value === undefined ? '' : ` ${value}`;
  return `${new Date(at).toISOString()} ${status ?? 'no answer'} ${kind} ${clickId}${amount}`;
}

/** `recorded 2 leads, 1 orders worth 49.99; answers: 3 × 200, 1 × 404, 1 × none`. */
function formatSummary({ leads, orders, value, byStatus }: SandboxSummary): string {
  const answers = Object.entries(byStatus).map(([status, count]) => `${count} × ${status}`);
  const answered = answers.length === 0 ? '' : `; answers: ${answers.join(', ')}`;
  return `recorded ${leads} leads, ${orders} orders worth ${value}${answered}`;
}

async function readFaults(file: string): Promise<readonly Fault[]> {
  const fail = (message: string) => new ConfigurationError([{ severity: 'error', file, message }]);
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, 'utf8'));
  } catch (thrown) {
    throw fail(`no list of faults in JSON: ${toError(thrown).message}`);
  }
  const faults = faultsSchema.safeParse(value);
  if (faults.success) return faults.data;
  throw fail(`no list of faults (see sandbox --help):\n${z.prettifyError(faults.error)}`);
}
