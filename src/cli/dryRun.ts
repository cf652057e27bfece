import { type Clock, systemClock } from '../clock.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { withDeadline } from '../deadline.ts';
import { createDryRun } from '../dryRun.ts';
import { toError } from '../errors.ts';
import { createAdminKafka } from '../kafka/client.ts';
import { removeGroup } from '../kafka/groupStart.ts';
import { createLog, type Logger, quietKafkaLog } from '../telemetry/log.ts';
import { nameDryRun, readSpan, warnOfForgotten } from './backfillOptions.ts';
import { type DryRunReport, formatDryRun, summarizeDryRun } from './dryRunReport.ts';
import type { RunOptions } from './options.ts';
import { startUnless, stopInTime, untilEnded } from './runToEnd.ts';
import { waitForSignal } from './signals.ts';

const reportInterval = 60_000;
const removalDeadline = 5_000;

/**
 * Runs the connector as a group of its own, sending and storing nothing, until it is told to stop or its span is
 * complete, and prints what it would have done: at the end, and once a minute. 0 then; 1 when it can't go on, or its span
 * was cut short. Throws UsageError.
 */
export async function dryRun(options: RunOptions): Promise<number> {
  const now = Date.now();
  const span = readSpan(options, now);
  const signalled = waitForSignal();
  const loaded = await loadConfig(options.config, process.env);
  const { config } = loaded;
  // In every line: what is logged of requests that weren't made must not be taken for true.
  const log = createLog(config.log.level).child({ dryRun: true });
  if (span) warnOfForgotten(span, config, log);
  const { effects, rows } = createDryRun(config);
  const reading = { group: nameDryRun(options, config, now), span };
  await using ending = new AsyncDisposableStack();
  ending.defer(() => remove(reading.group, config, log));
  const connector = await startUnless(signalled, { loaded, log, reading, effects });
  if (connector === undefined) return span ? tellCutShort() : 0;
  const summarize = () => summarizeDryRun(rows(), connector);
  const print = (summary: DryRunReport) => {
    const text = options.json ? JSON.stringify(summary) : formatDryRun(summary).join('\n');
    process.stdout.write(`${text}\n`);
  };
  const stopPrinting = printNews(systemClock, summarize, print);
  const end = await untilEnded(connector, signalled, log);
  stopPrinting();
  // Once it has stopped it knows no more what is left to be read.
  print(summarize());
  const hasStopped = await stopInTime(connector, log);
  if (span && !('isComplete' in end)) return tellCutShort();
  return 'error' in end || !hasStopped ? 1 : 0;
}

/** Prints what there is once a minute, where it is other than before. Returns how to stop. */
export function printNews<Summary>(
  clock: Clock,
  summarize: () => Summary,
  print: (summary: Summary) => void,
): () => void {
  let last = '';
  const printNext = () => {
    const summary = summarize();
    const text = JSON.stringify(summary);
    if (text !== last) print(summary);
    last = text;
    cancel = clock.schedule(reportInterval, printNext);
  };
  let cancel = clock.schedule(reportInterval, printNext);
  return () => cancel();
}

/** Says that not all was read; the exit code. */
function tellCutShort(): number {
  process.stderr.write('the dry run was cut short: what it says is of a part of the span\n');
  return 1;
}

/** Nobody goes on where a dry run has ended. Kafka forgets a group that stays after some days, by default seven. */
async function remove(group: string, { kafka }: Config, log: Logger): Promise<void> {
  try {
    const client = createAdminKafka(kafka, quietKafkaLog(log));
    await withDeadline(removeGroup(client, group), removalDeadline);
  } catch (thrown) {
    log.info({ group, error: toError(thrown).message }, 'the group of the dry run stays');
  }
}
