import type { Admin, Kafka } from 'kafkajs';
import type { Config } from '../config/schema.ts';
import { withDeadline } from '../deadline.ts';
import { toError } from '../errors.ts';
import { kafkaUnavailable } from './client.ts';
import { OtherMembers, readCommitted } from './otherMembers.ts';
import type { AssignedPartition } from './partition.ts';
import type { BrokerOffsets } from './stageGate.ts';

/** Records wait for this answer, and so does the consumer's heartbeat. */
const endsDeadline = 5_000;

/** What the connector asks of the cluster beside reading records. */
export interface KafkaAdmin extends BrokerOffsets {
  /** The names of all topics. Throws UnavailableError when no broker can be reached. */
  topics(): Promise<readonly string[]>;
  /** Creates the topic with the cluster's own defaults, unless it is there. */
  ensureTopic(topic: string): Promise<void>;
  close(): Promise<void>;
}

/** Connects; throws UnavailableError, naming the brokers and the time-out, when none answers. */
export async function connectAdmin(kafka: Kafka, settings: Config['kafka']): Promise<KafkaAdmin> {
  const admin = kafka.admin();
  try {
    // What takes a connection may be no broker: only an answer shows.
    const connected = admin.connect().then(() => admin.listTopics());
    await withDeadline(connected, settings.connectTimeout * (settings.brokers.length + 1));
  } catch (thrown) {
    await withDeadline(admin.disconnect(), 1_000).catch(() => undefined);
    throw kafkaUnavailable(settings, thrown);
  }
  const others = new OtherMembers(admin, settings.group);
  return {
    topics: () => admin.listTopics(),
    ends: (partitions) => withDeadline(readEnds(admin, settings.group, partitions), endsDeadline),
    areOthersAt: (timestamps, own) => withDeadline(others.areAt(timestamps, own), endsDeadline),
    async ensureTopic(topic) {
      const topics = await admin.listTopics();
      if (topics.includes(topic)) return;
      try {
        // Created is enough: that brokers don't know its leader for a moment, the producer waits for itself.
        await admin.createTopics({ topics: [{ topic }], waitForLeaders: false });
      } catch (thrown) {
        const { message } = toError(thrown);
        throw new Error(
          `the topic "${topic}" for dead letters is not there and can't be created (${message}); create it, or allow it`,
        );
      }
    },
    close: () => admin.disconnect(),
  };
}

async function readEnds(
  admin: Admin,
  group: string,
  partitions: readonly AssignedPartition[],
): Promise<ReadonlyMap<AssignedPartition, number>> {
  const topics = [...new Set(partitions.map(({ topic }) => topic))];
  const offsets = new Map<string, { low: number; high: number }>();
  for (const topic of topics) {
    for (const { partition, low, high } of await admin.fetchTopicOffsets(topic)) {
      offsets.set(`${topic}/${partition}`, { low: Number(low), high: Number(high) });
    }
  }
  const unread = partitions.filter((partition) => partition.position === undefined);
  const committed = unread.length === 0 ? undefined : await readCommitted(admin, group, topics);
  const ends = new Map<AssignedPartition, number>();
  for (const partition of partitions) {
    const name = `${partition.topic}/${partition.partition}`;
    const { low, high } = offsets.get(name) ?? { low: 0, high: 0 };
    partition.startPosition ??= Math.max(committed?.get(name) ?? low, low);
    ends.set(partition, high);
  }
  return ends;
}
