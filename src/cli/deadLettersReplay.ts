import { loadConfig } from '../config/load.ts';
import { createAdminKafka } from '../kafka/client.ts';
import type { SourceRecord } from '../kafka/partition.ts';
import { recordName } from '../kafka/partitionName.ts';
import { DeadLetterReader, type StoredDeadLetter } from '../kafka/storedDeadLetter.ts';
import { openReplay, type Replay } from '../replay.ts';
import { createLog, quietKafkaLog } from '../telemetry/log.ts';
import { chooseDeadLetters, type DeadLetterOptions, readFilter } from './deadLetterFilter.ts';
import { rehearseReplay } from './deadLettersRehearse.ts';
import { startProgress } from './progress.ts';
import { formatReport } from './run.ts';
import { waitForSignal } from './signals.ts';
import { UsageError } from './usageError.ts';

/** Options of `dead-letters replay`. */
export interface ReplayOptions extends DeadLetterOptions {
  readonly rate: string;
  readonly dryRun?: true;
}

/**
 * Sends the records of the dead letters that the options choose through the pipeline again. The ledger guards them:
 * what was delivered meanwhile is a duplicate. 0 when none is a dead letter again; 1 otherwise, and when it was cut
 * short: it says then how to go on. With `dryRun` it only shows what would be sent. Throws UsageError.
 */
export async function deadLettersReplay(options: ReplayOptions): Promise<number> {
  const rate = Number(options.rate);
  if (!(Number.isInteger(rate) && rate >= 1 && rate <= 1_000)) {
    throw new UsageError(`--rate "${options.rate}" is no number from 1 to 1000`);
  }
  const startedAt = new Date().toISOString();
  const filter = readFilter({ until: startedAt, ...options });
  const loaded = await loadConfig(options.config, process.env);
  const log = createLog(loaded.config.log.level);
  await using opened = new AsyncDisposableStack();
  const kafka = createAdminKafka(loaded.config.kafka, quietKafkaLog(log));
  const reader = await DeadLetterReader.open(kafka, loaded.config.kafka);
  opened.defer(() => reader.close());
  const chosen = await choose(reader, filter);
  const records = recordsOf(reader, chosen);
  if (options.dryRun) return await rehearseReplay(records, { loaded, log }, options.json);
  const replay = await openReplay({ loaded, log }, opened);
  const stopping = new AbortController();
  void waitForSignal().then((signal) => stopping.abort(signal));
  const stopProgress = startProgress(() => describeProgress(replay, chosen.size));
  try {
    await replay.run(records, rate, stopping.signal);
  } catch (thrown) {
    if (!stopping.signal.aborted) throw thrown;
  } finally {
    stopProgress();
    await opened.disposeAsync();
  }
  const report = replay.report();
  process.stdout.write(`${options.json ? JSON.stringify(report) : formatReport(report)}\n`);
  if (stopping.signal.aborted) {
    const again = `the same command, and --until ${options.until ?? startedAt}`;
    process.stderr.write(`stopped by ${stopping.signal.reason}; to go on: ${again}\n`);
    return 1;
  }
  return report.outcomes['dead-lettered'] === 0 ? 0 : 1;
}

/** The ids of the dead letters to replay; of a record one is enough, whichever of its conversions it tells of. */
async function choose(
  reader: DeadLetterReader,
  filter: (letter: StoredDeadLetter) => boolean,
): Promise<ReadonlySet<string>> {
  const found = await chooseDeadLetters(reader, filter, ({ id, record }) => ({
    id,
    place: recordName(record),
  }));
  return new Set(new Map(found.map(({ id, place }) => [place, id])).values());
}

async function* recordsOf(
  reader: DeadLetterReader,
  chosen: ReadonlySet<string>,
): AsyncGenerator<SourceRecord> {
  for await (const { id, record } of reader.all()) if (chosen.has(id)) yield record;
}

function describeProgress(replay: Replay, total: number): string {
  const { records, outcomes } = replay.report();
  return `${records} of ${total} dead letters replayed, ${outcomes.delivered} delivered`;
}
