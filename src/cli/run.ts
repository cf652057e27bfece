import { setFlagsFromString } from 'node:v8';
import type { Backfill } from '../backfill.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { type Connector, type ConnectorOptions, startConnector } from '../connector.ts';
import { withDeadline } from '../deadline.ts';
import type { OutcomeReport } from '../pipeline/tally.ts';
import { createLog, type Logger } from '../telemetry/log.ts';
import { nameBackfill, readSpan } from './backfillOptions.ts';
import type { RunOptions } from './options.ts';
import { waitForSignal } from './signals.ts';

/**
 * V8 collects old objects once they have grown by so many percent of what is alive. Left alone it lets them grow to three
 * or four times that, where the machine has memory: bench/README.md says what either costs.
 */
const heapGrowth = 100;
/** What is under way has 25 s to end (connector.ts); orchestrators kill after 30 s. */
const stopDeadline = 28_000;

/**
 * Runs the connector until it is told to stop, or its backfill is complete; 0 then, 1 when it can't go on or a backfill
 * was cut short: it says then how to go on. Throws UsageError.
 */
export async function run(options: RunOptions): Promise<number> {
  setFlagsFromString(`--heap-growing-percent=${heapGrowth}`);
  const span = readSpan(options, Date.now());
  const signalled = waitForSignal();
  const loaded = await loadConfig(options.config, process.env);
  const backfill = span && nameBackfill(span, options, loaded.config);
  const log = createLog(loaded.config.log.level);
  if (backfill) warnOfForgotten(backfill, loaded.config, log);
  const connector = await startUnless(signalled, { loaded, log, backfill });
  if (connector === undefined) {
    log.info({ signal: await signalled }, 'stopped before anything was read');
    return backfill ? tellCutShort(backfill) : 0;
  }
  const ending = await untilEnded(connector, signalled);
  if ('signal' in ending) log.info({ signal: ending.signal }, 'stopping');
  else if ('error' in ending) log.fatal({ err: ending.error }, 'the connector cannot go on');
  else log.info('the backfill is complete');
  const hasStopped = await stopInTime(connector, log);
  const report = connector.report();
  process.stdout.write(`${options.json ? JSON.stringify(report) : formatReport(report)}\n`);
  if (backfill && !('isComplete' in ending)) return tellCutShort(backfill);
  return 'error' in ending || !hasStopped ? 1 : 0;
}

/** Says how to go on; the exit code. */
function tellCutShort({ to }: Backfill): number {
  const option = `--to ${new Date(to).toISOString()}`;
  process.stderr.write(
    `the backfill is not complete; to go on: the same command, with ${option}\n`,
  );
  return 1;
}

/** What ends it: a signal, an error, or that nothing is left of its backfill. */
function untilEnded(connector: Connector, signalled: Promise<NodeJS.Signals>) {
  const endings: Promise<
    | { readonly signal: NodeJS.Signals }
    | { readonly error: unknown }
    | { readonly isComplete: true }
  >[] = [
    signalled.then((signal) => ({ signal })),
    connector.failed.catch((error: unknown) => ({ error })),
  ];
  if (connector.complete) endings.push(connector.complete.then(() => ({ isComplete: true })));
  return Promise.race(endings);
}

/** What is not in the ledger any more is sent again. */
function warnOfForgotten({ from }: Backfill, { privacy }: Config, log: Logger): void {
  const known = Date.now() - privacy.ledgerRetention;
  if (from >= known) return;
  log.warn(
    { from: new Date(from).toISOString(), known: new Date(known).toISOString() },
    'the backfill goes back further than the ledger (privacy.ledgerRetention): what was sent before that is sent again',
  );
}

/** Undefined where the signal came first; then all that was opened is closed. */
async function startUnless(
  signalled: Promise<NodeJS.Signals>,
  options: Omit<ConnectorOptions, 'signal'>,
): Promise<Connector | undefined> {
  const starting = new AbortController();
  void signalled.then((signal) => starting.abort(signal));
  try {
    return await startConnector({ ...options, signal: starting.signal });
  } catch (thrown) {
    if (starting.signal.aborted) return undefined;
    throw thrown;
  }
}

async function stopInTime(connector: Connector, log: Logger): Promise<boolean> {
  try {
    await withDeadline(connector.stop(), stopDeadline);
    return true;
  } catch (thrown) {
    log.error({ err: thrown }, 'not stopped in good order; the next run reads again what is open');
    return false;
  }
}

/** `records 12: delivered 3, duplicate 1, skipped 8 (no-click 8), dead-lettered 0`. */
export function formatReport({ records, outcomes, reasons }: OutcomeReport): string {
  const parts = Object.entries(outcomes).map(([outcome, count]) => {
    const own = Object.entries(reasons)
      .filter(([name]) => name.startsWith(`${outcome} `))
      .map(([name, of]) => `${name.slice(outcome.length + 1)} ${of}`);
    return own.length === 0 ? `${outcome} ${count}` : `${outcome} ${count} (${own.join(', ')})`;
  });
  return `records ${records}: ${parts.join(', ')}`;
}
