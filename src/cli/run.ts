import { loadConfig } from '../config/load.ts';
import { startConnector } from '../connector.ts';
import type { OutcomeReport } from '../pipeline/tally.ts';
import { createLog } from '../telemetry/log.ts';
import type { CommonOptions } from './program.ts';
import { waitForSignal } from './signals.ts';

/** Runs the connector until it is told to stop; 0 then, 1 when it can't go on. */
export async function run(options: CommonOptions): Promise<number> {
  const loaded = await loadConfig(options.config, process.env);
  const log = createLog(loaded.config.log.level);
  const signalled = waitForSignal();
  const connector = await startConnector({ loaded, log });
  const ending = await Promise.race([
    signalled.then((signal) => ({ signal })),
    connector.failed.catch((error: unknown) => ({ error })),
  ]);
  if ('signal' in ending) log.info({ signal: ending.signal }, 'stopping');
  else log.fatal({ err: ending.error }, 'the connector cannot go on');
  await connector.stop();
  const report = connector.report();
  process.stdout.write(`${options.json ? JSON.stringify(report) : formatReport(report)}\n`);
  return 'signal' in ending ? 0 : 1;
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
