import type { Admin, Kafka } from 'kafkajs';
import type { Config } from '../config/schema.ts';
import { withDeadline } from '../deadline.ts';
import { ConfigurationError } from '../errors.ts';
import { kafkaUnavailable } from './client.ts';
import { readCommitted } from './committedOffsets.ts';
import type { GroupOffsets } from './groupOffsets.ts';
import { OtherMembers } from './otherMembers.ts';
import type { AssignedPartition } from './partition.ts';
import { partitionName } from './partitionName.ts';
import { RenewedAdmin } from './renewedAdmin.ts';
import type { BrokerOffsets } from './stageGate.ts';

/** Records wait for this answer, and so does the consumer's heartbeat. */
const endsDeadline = 5_000;

/** What the connector asks of the cluster beside reading records. */
export interface KafkaAdmin extends BrokerOffsets, GroupOffsets {
  /** The names of all topics. Throws UnavailableError when no broker can be reached. */
  topics(): Promise<readonly string[]>;
  /**
   * Creates the topic with these settings, and else the cluster's own defaults, unless it is there. Throws UnavailableError when no broker
   * can be reached, and ConfigurationError where the cluster does not let us.
   */
  ensureTopic(topic: string, topicSettings: Readonly<Record<string, string>>): Promise<void>;
  close(): Promise<void>;
}

/**
 * Connects; throws UnavailableError, naming the brokers and the time-out, when none answers, and
 * ConfigurationError when the login is refused.
 */
export async function connectAdmin(kafka: Kafka, settings: Config['kafka']): Promise<KafkaAdmin> {
  const { group } = settings;
  const admin = new RenewedAdmin(kafka);
  const others = new OtherMembers(group);
  const listTopics = () =>
    answered(
      settings,
      admin.ask((current) => current.listTopics()),
    );
  const inTime = <Answer>(work: (current: Admin) => Promise<Answer>) =>
    withDeadline(admin.ask(work), endsDeadline);
  try {
    // What takes a connection may be no broker: only an answer shows.
    await listTopics();
  } catch (thrown) {
    await withDeadline(admin.close(), 1_000).catch(() => undefined);
    throw thrown;
  }
  return {
    topics: listTopics,
    ends: (partitions) => inTime((current) => readEnds(current, group, partitions)),
    othersBehind: (timestamps, own) => inTime((current) => others.behind(current, timestamps, own)),
    committed: (partitions) => inTime((current) => readCommittedOf(current, group, partitions)),
    firsts: (partitions) => inTime((current) => readFirsts(current, partitions)),
    async ensureTopic(topic, topicSettings) {
      if ((await listTopics()).includes(topic)) return;
      // Created is enough: that brokers don't know its leader for a moment, the producer waits for itself.
      const configEntries = Object.entries(topicSettings).map(([name, value]) => ({ name, value }));
      const creation = { topics: [{ topic, configEntries }], waitForLeaders: false };
      await answered(
        settings,
        admin
          .ask((current) => current.createTopics(creation))
          .catch((thrown) => failOnRefusal(topic, thrown)),
      );
    },
    close: () => admin.close(),
  };
}

/** What the cluster answers; throws as `connectAdmin` when that takes too long or fails. */
async function answered<Answer>(
  settings: Config['kafka'],
  answer: Promise<Answer>,
): Promise<Answer> {
  try {
    return await withDeadline(answer, settings.connectTimeout * (settings.brokers.length + 1));
  } catch (thrown) {
    throw kafkaUnavailable(settings, thrown);
  }
}

/** Too few brokers for the topic's replicas are a part that is away; whatever else the cluster answers is its last word. */
function failOnRefusal(topic: string, thrown: unknown): never {
  const { errors = [] } = thrown as { errors?: readonly { type?: string; message: string }[] };
  const refusal = errors.find(({ type }) => type !== 'INVALID_REPLICATION_FACTOR');
  if (refusal === undefined) throw errors[0] ?? thrown;
  const message = `the topic "${topic}" for dead letters is not there and can't be created (${refusal.message}); create it, or allow it`;
  throw new ConfigurationError([{ severity: 'error', setting: 'kafka.group', message }]);
}

async function readEnds(
  admin: Admin,
  group: string,
  partitions: readonly AssignedPartition[],
): Promise<ReadonlyMap<AssignedPartition, number>> {
  const topics = topicsOf(partitions);
  const offsets = await readBounds(admin, topics);
  const unread = partitions.filter((partition) => partition.position === undefined);
  const committed = unread.length === 0 ? undefined : await readCommitted(admin, group, topics);
  const ends = new Map<AssignedPartition, number>();
  for (const partition of partitions) {
    const name = partitionName(partition);
    const { low, high } = offsets.get(name) ?? { low: 0, high: 0 };
    partition.startPosition ??= Math.max(committed?.get(name) ?? low, low);
    ends.set(partition, high);
  }
  return ends;
}

async function readCommittedOf(
  admin: Admin,
  group: string,
  partitions: readonly AssignedPartition[],
): Promise<ReadonlyMap<AssignedPartition, number>> {
  const committed = await readCommitted(admin, group, topicsOf(partitions));
  return new Map(
    partitions.map((partition) => [partition, committed.get(partitionName(partition)) ?? -1]),
  );
}

async function readFirsts(
  admin: Admin,
  partitions: readonly AssignedPartition[],
): Promise<ReadonlyMap<AssignedPartition, number>> {
  const offsets = await readBounds(admin, topicsOf(partitions));
  return new Map(
    partitions.map((partition) => [partition, offsets.get(partitionName(partition))?.low ?? 0]),
  );
}

async function readBounds(admin: Admin, topics: readonly string[]) {
  const offsets = new Map<string, { readonly low: number; readonly high: number }>();
  for (const topic of topics) {
    for (const { partition, low, high } of await admin.fetchTopicOffsets(topic)) {
      offsets.set(partitionName({ topic, partition }), { low: Number(low), high: Number(high) });
    }
  }
  return offsets;
}

function topicsOf(partitions: readonly AssignedPartition[]): string[] {
  return [...new Set(partitions.map(({ topic }) => topic))];
}
