import { topicsOf } from '../config/topics.ts';
import { createAdminKafka } from '../kafka/client.ts';
import type { SourceRecord } from '../kafka/partition.ts';
import { readLastRecords } from '../kafka/sample.ts';
import { readSchemas } from '../parts.ts';
import { type Rehearsed, rehearse } from '../pipeline/rehearsal.ts';
import { openSources } from '../sources.ts';
import { readClicks } from '../store/open.ts';
import { createLog, quietKafkaLog } from '../telemetry/log.ts';
import type { CheckSession } from './checkParts.ts';
import { alignColumns } from './columns.ts';
import { UsageError } from './usageError.ts';

const largest = 1_000;

/** How many records `--sample` asks for. Throws UsageError. */
export function readSampleSize(text: string): number {
  const size = Number(text);
  if (Number.isInteger(size) && size >= 1 && size <= largest) return size;
  throw new UsageError(`--sample "${text}" is no number from 1 to ${largest}`);
}

/** What the last records of each mapped topic would become. Reads without a group, and writes nothing. */
export async function takeSample(
  { loaded, clusterTopics }: CheckSession,
  size: number,
): Promise<readonly Rehearsed[]> {
  const { config } = loaded;
  const known = await clusterTopics();
  const named = config.mappings.flatMap(({ topic }) => topicsOf(topic, known));
  const topics = [...new Set(named)].filter((topic) => known.includes(topic));
  const log = createLog(config.log.level);
  const kafka = createAdminKafka(config.kafka, quietKafkaLog(log));
  const records: SourceRecord[] = [];
  for (const topic of topics) {
    records.push(...(await readLastRecords(kafka, config.kafka, topic, size)));
  }
  await using opened = new AsyncDisposableStack();
  const { source } = await openSources(config, { cache: undefined, log }, opened);
  const clicks = await readClicks(config.store, config.privacy.hashKey);
  opened.defer(() => clicks?.close());
  const findClicks = clicks?.find ?? (async () => new Map());
  return await rehearse(records, { config, source, schemas: readSchemas(loaded), findClicks });
}

/** The sample as a table, and below it what the records of each topic would become in all. */
export function formatSample(size: number, sample: readonly Rehearsed[]): readonly string[] {
  const rows = sample.map(({ topic, partition, offset, record, outcome, reason, ...rest }) => [
    `${topic}/${partition}/${offset}`,
    record ?? '',
    outcome,
    reason ?? '',
    rest.request ?? rest.error ?? '',
  ]);
  const title = `The last records of each topic, ${size} at most. Nothing was sent, stored or committed.`;
  const table = alignColumns([['record', 'as', 'outcome', 'reason', 'request or error'], ...rows]);
  return ['', title, ...(rows.length === 0 ? ['there are none'] : table), ...summarize(sample)];
}

function summarize(sample: readonly Rehearsed[]): readonly string[] {
  const byTopic = Map.groupBy(sample, ({ topic }) => topic);
  return Array.from(byTopic, ([topic, own]) => {
    const kinds = Map.groupBy(own, ({ outcome, reason }) =>
      reason === undefined ? outcome : `${outcome} (${reason})`,
    );
    return `${topic}: ${Array.from(kinds, ([kind, { length }]) => `${length} ${kind}`).join(', ')}`;
  });
}
