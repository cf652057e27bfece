import { setFlagsFromString } from 'node:v8';
import type { Backfill } from '../backfill.ts';
import { loadConfig } from '../config/load.ts';
import { liveEffects } from '../effects.ts';
import type { OutcomeReport } from '../pipeline/tally.ts';
import { createLog } from '../telemetry/log.ts';
import { nameBackfill, readSpan, warnOfForgotten } from './backfillOptions.ts';
import { dryRun } from './dryRun.ts';
import type { RunOptions } from './options.ts';
import { startUnless, stopInTime, untilEnded } from './runToEnd.ts';
import { waitForSignal } from './signals.ts';

/**
 * V8 collects old objects once they have grown by so many percent of what is alive. Left alone it lets them grow to three
 * or four times that, where the machine has memory: bench/README.md says what either costs.
 */
const heapGrowth = 100;

/**
 * Runs the connector until it is told to stop, or its backfill is complete; 0 then, 1 when it can't go on or a backfill
 * was cut short: it says then how to go on. With `dryRun` it only says what it would do. Throws UsageError.
 */
export async function run(options: RunOptions): Promise<number> {
  setFlagsFromString(`--heap-growing-percent=${heapGrowth}`);
  if (options.dryRun) return await dryRun(options);
  const span = readSpan(options, Date.now());
  const signalled = waitForSignal();
  const loaded = await loadConfig(options.config, process.env);
  const backfill = span && nameBackfill(span, options, loaded.config);
  const log = createLog(loaded.config.log.level);
  if (backfill) warnOfForgotten(backfill, loaded.config, log);
  const reading = { group: backfill?.group ?? loaded.config.kafka.group, span };
  const connector = await startUnless(signalled, { loaded, log, reading, effects: liveEffects });
  if (connector === undefined) return backfill ? tellCutShort(backfill) : 0;
  const ending = await untilEnded(connector, signalled, log);
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
