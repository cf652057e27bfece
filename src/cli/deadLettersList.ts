import { loadConfig } from '../config/load.ts';
import { createAdminKafka } from '../kafka/client.ts';
import { recordName } from '../kafka/partitionName.ts';
import { DeadLetterReader, type StoredDeadLetter } from '../kafka/storedDeadLetter.ts';
import { createLog, quietKafkaLog } from '../telemetry/log.ts';
import { alignColumns } from './columns.ts';
import { chooseDeadLetters, type DeadLetterOptions, readFilter } from './deadLetterFilter.ts';

/** What a list says of a dead letter. */
type Listed = ReturnType<typeof describe>;

/**
 * Prints the dead letters that the options choose, in the order in which they came, and how many have which reason;
 * 0, also when there are none. Throws UsageError.
 */
export async function deadLettersList(options: DeadLetterOptions): Promise<number> {
  const filter = readFilter(options);
  const { config } = await loadConfig(options.config, process.env);
  const kafka = createAdminKafka(config.kafka, quietKafkaLog(createLog(config.log.level)));
  const reader = await DeadLetterReader.open(kafka, config.kafka);
  try {
    const found = await chooseDeadLetters(reader, filter, describe);
    const deadLetters = found.toSorted((one, other) => one.at.localeCompare(other.at));
    const counts = countReasons(deadLetters);
    process.stdout.write(
      options.json
        ? `${JSON.stringify({ deadLetters, counts })}\n`
        : `${format(deadLetters, counts).join('\n')}\n`,
    );
    return 0;
  } finally {
    await reader.close();
  }
}

function describe({ id, record, kind, reason, error, attempts, at }: StoredDeadLetter) {
  const { topic, partition, offset } = record;
  return {
    ...{ id, at: new Date(at).toISOString(), reason },
    ...{ topic, partition, offset, kind, attempts, error },
  };
}

function countReasons(deadLetters: readonly Listed[]): Readonly<Record<string, number>> {
  const byReason = Map.groupBy(deadLetters, ({ reason }) => reason);
  return Object.fromEntries(Array.from(byReason, ([reason, { length }]) => [reason, length]));
}

function format(
  deadLetters: readonly Listed[],
  counts: Readonly<Record<string, number>>,
): readonly string[] {
  if (deadLetters.length === 0) return ['there are no such dead letters'];
  const rows = deadLetters.map(({ id, at, reason, kind, error, ...record }) => [
    ...[id, at, reason, recordName(record), kind ?? '', error],
  ]);
  const sums = Object.entries(counts).map(([reason, count]) => `${count} ${reason}`);
  return [
    ...alignColumns([['id', 'at', 'reason', 'record', 'as', 'error'], ...rows]),
    `${deadLetters.length} in all: ${sums.join(', ')}`,
  ];
}
