import type { Admin, Kafka } from 'kafkajs';
import type { Config } from '../config/schema.ts';
import { withDeadline } from '../deadline.ts';
import { kafkaUnavailable } from './client.ts';
import { readOffsets } from './committedOffsets.ts';
import { longestRebalance } from './member.ts';

/** Where a group begins to read a partition. */
export interface PartitionStart {
  readonly topic: string;
  readonly partition: number;
  /** The offset of the first record. */
  readonly start: number;
}

/**
 * The group of the settings begins where another one stands, which hears nothing of it; in partitions without an offset
 * of that one, at the first record. Throws UnavailableError, and ConfigurationError where the login is refused.
 */
export async function beginWhere(
  other: string,
  kafka: Kafka,
  settings: Config['kafka'],
  topics: readonly string[],
): Promise<void> {
  try {
    const committed = await withAdmin(kafka, (admin) => readOffsets(admin, other, topics));
    const starts = committed
      .map(({ offset, ...partition }) => ({ ...partition, start: offset }))
      .filter(({ start }) => start >= 0);
    if (starts.length > 0) await commitStarts(kafka, settings, topics, starts);
  } catch (thrown) {
    throw kafkaUnavailable(settings, thrown);
  }
}

/** Removes a group that has no member any more, with its offsets. Throws what the cluster answers. */
export async function removeGroup(kafka: Kafka, group: string): Promise<void> {
  await withAdmin(kafka, (admin) => admin.deleteGroups([group]));
}

/** Does its work with an admin client of its own. Throws what that throws. */
export async function withAdmin<Result>(
  kafka: Kafka,
  work: (admin: Admin) => Promise<Result>,
): Promise<Result> {
  const admin = kafka.admin();
  try {
    await admin.connect();
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

/**
 * Commits through a member that leaves again: kafkajs's `admin.setOffsets` would join the group, and wait for its first
 * rebalance, once for each topic.
 */
export async function commitStarts(
  kafka: Kafka,
  settings: Config['kafka'],
  topics: readonly string[],
  starts: readonly PartitionStart[],
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
      starts.map(({ topic, partition, start }) => ({ topic, partition, offset: String(start) })),
    );
  } finally {
    await consumer.disconnect();
  }
}
