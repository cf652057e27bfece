import type { Kafka } from 'kafkajs';
import type { Config } from '../config/schema.ts';
import type { SourceRecord } from './partition.ts';
import { openTopicReader } from './topicReader.ts';

/**
 * The last records of a topic, up to `count` of all its partitions, the earliest first. Joins no group and commits
 * nothing. Throws UnavailableError when the brokers don't give them.
 */
export async function readLastRecords(
  kafka: Kafka,
  settings: Config['kafka'],
  topic: string,
  count: number,
): Promise<readonly SourceRecord[]> {
  const reader = await openTopicReader(kafka, settings, topic);
  try {
    const records: SourceRecord[] = [];
    for (const { partition, start, end } of reader.partitions) {
      const from = Math.max(start, end - count);
      for await (const some of reader.read(partition, from, end)) records.push(...some);
    }
    return records
      .toSorted((one, other) => one.timestamp - other.timestamp || one.offset - other.offset)
      .slice(-count);
  } finally {
    await reader.close();
  }
}
