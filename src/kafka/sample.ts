import { createRequire } from 'node:module';
import type { Kafka, KafkaMessage } from 'kafkajs';
import type { Config } from '../config/schema.ts';
import { withDeadline } from '../deadline.ts';
import { kafkaUnavailable } from './client.ts';
import { AssignedPartition, SourceRecord } from './partition.ts';

/** For all of a topic, however slow its brokers. */
const deadline = 20_000;
const bytesOfPartition = 1024 * 1024;
const readCommitted = 1;

/** What is used of kafkajs's own cluster: only a consumer is public, and a consumer has a group. */
interface Cluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  addTargetTopic(topic: string): Promise<void>;
  findTopicPartitionMetadata(topic: string): readonly { readonly partitionId: number }[];
  findLeaderForPartitions(topic: string, partitions: readonly number[]): Record<string, number[]>;
  findBroker(node: { nodeId: string }): Promise<Broker>;
  fetchTopicsOffset(
    topics: readonly object[],
  ): Promise<readonly { partitions: readonly { partition: number; offset: string }[] }[]>;
}

interface Broker {
  fetch(request: object): Promise<{
    readonly responses: readonly { readonly partitions: readonly { partition: number }[] }[];
  }>;
}

/** Takes what a broker sent apart, without the records of transactions that were aborted, and without markers. */
type BatchClass = new (
  topic: string,
  fetchedOffset: string,
  data: unknown,
) => { readonly messages: readonly KafkaMessage[]; lastOffset(): string };

const Batch: BatchClass = createRequire(import.meta.url)('kafkajs/src/consumer/batch');

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
  const cluster = createCluster(kafka);
  try {
    const records = await withDeadline(readAll(cluster, topic, count), deadline);
    return records
      .toSorted((one, other) => one.timestamp - other.timestamp || one.offset - other.offset)
      .slice(-count);
  } catch (thrown) {
    throw kafkaUnavailable(settings, thrown);
  } finally {
    await withDeadline(cluster.disconnect(), 1_000).catch(() => undefined);
  }
}

function createCluster(kafka: Kafka): Cluster {
  const create = Object.getOwnPropertySymbols(kafka).find(
    ({ description }) => description === 'private:Kafka:createCluster',
  );
  if (!create) throw new Error('this is another kafkajs than 2.2.4');
  return Reflect.get(
    kafka,
    create,
  )({
    allowAutoTopicCreation: false,
    isolationLevel: readCommitted,
  });
}

async function readAll(cluster: Cluster, topic: string, count: number): Promise<SourceRecord[]> {
  await cluster.connect();
  await cluster.addTargetTopic(topic);
  const ids = cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => partitionId);
  const offsets = async (fromBeginning: 'earliest' | 'latest') => {
    const partitions = ids.map((partition) => ({ partition }));
    const [found] = await cluster.fetchTopicsOffset([
      { topic, partitions, fromBeginning: fromBeginning === 'earliest' },
    ]);
    return new Map(found?.partitions.map(({ partition, offset }) => [partition, Number(offset)]));
  };
  const [lows, ends] = [await offsets('earliest'), await offsets('latest')];
  const records: SourceRecord[] = [];
  for (const [nodeId, partitions] of Object.entries(cluster.findLeaderForPartitions(topic, ids))) {
    const broker = await cluster.findBroker({ nodeId });
    for (const partition of partitions) {
      const end = ends.get(partition) ?? 0;
      const start = Math.max(lows.get(partition) ?? 0, end - count);
      records.push(...(await readPartition(broker, topic, partition, start, end)));
    }
  }
  return records;
}

async function readPartition(
  broker: Broker,
  topic: string,
  partition: number,
  start: number,
  end: number,
): Promise<readonly SourceRecord[]> {
  const source = new AssignedPartition(topic, partition);
  const records: SourceRecord[] = [];
  for (let offset = start; offset < end; ) {
    const wanted = { partition, fetchOffset: String(offset), maxBytes: bytesOfPartition };
    const { responses } = await broker.fetch({
      ...{ maxWaitTime: 250, minBytes: 1, maxBytes: bytesOfPartition },
      ...{ isolationLevel: readCommitted, topics: [{ topic, partitions: [wanted] }] },
    });
    const [data] = responses[0]?.partitions ?? [];
    const batch = new Batch(topic, String(offset), data);
    records.push(...batch.messages.map((message) => new SourceRecord(source, message)));
    const next = Number(batch.lastOffset()) + 1;
    // What is left belongs to a transaction that is still open.
    if (next <= offset) break;
    offset = next;
  }
  return records;
}
