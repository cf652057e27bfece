import type { Admin, Kafka } from 'kafkajs';
import type { Config } from '../config/schema.ts';
import { withDeadline } from '../deadline.ts';
import { kafkaUnavailable } from './client.ts';
import { longestRebalance } from './member.ts';
import { readCommitted } from './otherMembers.ts';

/** A span of Kafka timestamps, in milliseconds since the Unix epoch: from `from` on, and before `to`. */
export interface TimeSpan {
  readonly from: number;
  readonly to: number;
}

/** The part of a partition that a span takes: from offset `start` to before `end`. */
export interface PartitionSpan {
  readonly topic: string;
  readonly partition: number;
  readonly start: number;
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
  const admin = kafka.admin();
  try {
    await admin.connect();
    const spans: PartitionSpan[] = [];
    for (const topic of topics) spans.push(...(await findSpans(admin, topic, span)));
    const committed = await readCommitted(admin, settings.group, [...topics]);
    const unread = spans.filter(
      ({ topic, partition }) => (committed.get(`${topic}/${partition}`) ?? -1) < 0,
    );
    if (unread.length > 0) await commitStarts(kafka, settings, topics, unread);
    return spans;
  } catch (thrown) {
    throw kafkaUnavailable(settings, thrown);
  } finally {
    await admin.disconnect();
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

/**
 * Commits through a member that leaves again: kafkajs's `admin.setOffsets` would join the group, and wait for its first
 * rebalance, once for each topic.
 */
async function commitStarts(
  kafka: Kafka,
  settings: Config['kafka'],
  topics: readonly string[],
  spans: readonly PartitionSpan[],
): Promise<void> {
  const consumer = kafka.consumer({
    groupId: settings.group,
    sessionTimeout: settings.sessionTimeout,
    allowAutoTopicCreation: false,
    retry: { restartOnFailure: async () => false },
  });
  const { promise: joined, resolve, reject } = Promise.withResolvers<void>();
  consumer.on(consumer.events.GROUP_JOIN, () => resolve());
  consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
  joined.catch(() => undefined);
  try {
    await consumer.connect();
    await consumer.subscribe({ topics: [...topics], fromBeginning: true });
    await consumer.run({
      ...{ autoCommit: false, eachBatchAutoResolve: false },
      eachBatch: async () => undefined,
    });
    await withDeadline(joined, longestRebalance(settings));
    await consumer.commitOffsets(
      spans.map(({ topic, partition, start }) => ({ topic, partition, offset: String(start) })),
    );
  } finally {
    await consumer.disconnect();
  }
}
