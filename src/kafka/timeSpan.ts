import type { Admin, Kafka } from 'kafkajs';
import type { Config } from '../config/schema.ts';
import { kafkaUnavailable } from './client.ts';
import { readCommitted } from './committedOffsets.ts';
import { commitStarts, type PartitionStart, withAdmin } from './groupStart.ts';
import { partitionName } from './partitionName.ts';

/** A span of Kafka timestamps, in milliseconds since the Unix epoch: from `from` on, and before `to`. */
export interface TimeSpan {
  readonly from: number;
  readonly to: number;
}

/** The part of a partition that a span takes: from offset `start` to before `end`. */
export interface PartitionSpan extends PartitionStart {
  readonly end: number;
}

/**
 * What lies in the span: of each partition from the first offset with a timestamp in it to the first with a later one,
 * or else the end that the partition has now. The group begins there: of partitions of which it has no offset, that one
 * is committed. Throws UnavailableError, and ConfigurationError where the login is refused.
 */
export async function beginSpan(
  kafka: Kafka,
  settings: Config['kafka'],
  topics: readonly string[],
  span: TimeSpan,
): Promise<readonly PartitionSpan[]> {
  try {
    return await withAdmin(kafka, async (admin) => {
      const spans: PartitionSpan[] = [];
      for (const topic of topics) spans.push(...(await findSpans(admin, topic, span)));
      const committed = await readCommitted(admin, settings.group, topics);
      const unread = spans.filter((each) => (committed.get(partitionName(each)) ?? -1) < 0);
      if (unread.length > 0) await commitStarts(kafka, settings, topics, unread);
      return spans;
    });
  } catch (thrown) {
    throw kafkaUnavailable(settings, thrown);
  }
}

async function findSpans(
  admin: Admin,
  topic: string,
  { from, to }: TimeSpan,
): Promise<readonly PartitionSpan[]> {
  // Of a partition without such a timestamp kafkajs gives the end.
  const ends = await admin.fetchTopicOffsetsByTimestamp(topic, to);
  const starts = await admin.fetchTopicOffsetsByTimestamp(topic, from);
  const startOf = new Map(starts.map(({ partition, offset }) => [partition, Number(offset)]));
  return ends.map(({ partition, offset }) => {
    const end = Number(offset);
    return { topic, partition, start: Math.min(startOf.get(partition) ?? end, end), end };
  });
}
