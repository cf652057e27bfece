import { readFile } from 'node:fs/promises';
import { ConfigurationError, toError } from '../errors.ts';
import { type Fault, faultsSchema } from '../sandbox/faults.ts';
import { type SandboxEntry, startSandbox } from '../sandbox/sandbox.ts';
import { waitForSignal } from './signals.ts';

/** Options of `sandbox`. */
export interface SandboxCommandOptions {
  readonly listen: string;
  readonly faults?: string;
  readonly json?: true;
}

/** Answers postbacks until it is told to stop, a line for each, and then says what it recorded. */
export async function sandbox(options: SandboxCommandOptions): Promise<number> {
  const { hostname, port } = new URL(`http://${options.listen}`);
  const faults = options.faults === undefined ? [] : await readFaults(options.faults);
  const signalled = waitForSignal();
  const running = await startSandbox({
    host: hostname,
    port: Number(port || 80),
    faults,
    record: (entry) => process.stdout.write(`${formatEntry(entry, options)}\n`),
  });
  process.stderr.write(`A Powerspace for dry runs at ${running.url}; Ctrl-C ends it.\n`);
  await signalled;
  const summary = running.summary();
  await running.close();
  process.stdout.write(
    options.json
      ? `${JSON.stringify(summary)}\n`
      : `recorded ${summary.leads} leads and ${summary.orders} orders worth ${summary.value}\n`,
  );
  return 0;
}

function formatEntry(entry: SandboxEntry, { json }: SandboxCommandOptions): string {
  if (json) return JSON.stringify(entry);
  const { at, kind, clickId, value, status } = entry;
  const amount = value === undefined ? '' : ` ${value}`;
  return `${new Date(at).toISOString()} ${status ?? 'no answer'} ${kind} ${clickId}${amount}`;
}

async function readFaults(file: string): Promise<readonly Fault[]> {
  try {
    return faultsSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (thrown) {
    const message = `no list of faults: ${toError(thrown).message}`;
    throw new ConfigurationError([{ severity: 'error', file, message }]);
  }
}
