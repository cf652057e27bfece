import { createAdminKafka } from '../kafka/client.ts';
import type { SourceRecord } from '../kafka/partition.ts';
import { readLastRecords } from '../kafka/sample.ts';
import { presentTopics } from '../pipeline/assemble.ts';
import { createRehearsal, type Rehearsed } from '../pipeline/rehearsal.ts';
import { createLog, quietKafkaLog } from '../telemetry/log.ts';
import type { CheckSession } from './checkedPart.ts';
import { openRehearsalParts } from './rehearsalParts.ts';
import { formatRehearsal } from './rehearsalTable.ts';
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
  const topics = presentTopics(config.mappings, await clusterTopics());
  const log = createLog(config.log.level);
  const kafka = createAdminKafka(config.kafka, quietKafkaLog(log));
  const records: SourceRecord[] = [];
  for (const topic of topics) {
    records.push(...(await readLastRecords(kafka, config.kafka, topic, size)));
  }
  await using opened = new AsyncDisposableStack();
  const parts = await openRehearsalParts({ loaded, log }, opened);
  // A sample shows what the mappings make of the records, whatever was sent of them.
  return await createRehearsal({ ...parts, findConversion: async () => undefined })(records);
}

/** The sample as a table, and below it what the records of each topic would become in all. */
export function formatSample(size: number, sample: readonly Rehearsed[]): readonly string[] {
  const title = `The last records of each topic, ${size} at most. Nothing was sent, stored or committed.`;
  return ['', ...formatRehearsal(title, sample)];
}
