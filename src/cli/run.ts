import { loadConfig } from '../config/load.ts';
import { type Connector, type ConnectorOptions, startConnector } from '../connector.ts';
import { withDeadline } from '../deadline.ts';
import type { OutcomeReport } from '../pipeline/tally.ts';
import { createLog, type Logger } from '../telemetry/log.ts';
import type { CommonOptions } from './options.ts';
import { waitForSignal } from './signals.ts';

/** What is under way has 25 s to end (connector.ts); orchestrators kill after 30 s. */
const stopDeadline = 28_000;

/** Runs the connector until it is told to stop; 0 then, 1 when it can't go on. */
export async function run(options: CommonOptions): Promise<number> {
  const signalled = waitForSignal();
  const loaded = await loadConfig(options.config, process.env);
  const log = createLog(loaded.config.log.level);
  const connector = await startUnless(signalled, { loaded, log });
  if (connector === undefined) {
    log.info({ signal: await signalled }, 'stopped before anything was read');
    return 0;
  }
  const ending = await Promise.race([
    signalled.then((signal) => ({ signal })),
    connector.failed.catch((error: unknown) => ({ error })),
  ]);
  if ('signal' in ending) log.info({ signal: ending.signal }, 'stopping');
  else log.fatal({ err: ending.error }, 'the connector cannot go on');
  const hasStopped = await stopInTime(connector, log);
  const report = connector.report();
  process.stdout.write(`${options.json ? JSON.stringify(report) : formatReport(report)}\n`);
  return 'signal' in ending && hasStopped ? 0 : 1;
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
