import { createRequire } from 'node:module';
import type { Kafka, KafkaMessage } from 'kafkajs';
import type { Config } from '../config/schema.ts';
import { withDeadline } from '../deadline.ts';
import { kafkaUnavailable } from './client.ts';
import { AssignedPartition, SourceRecord } from './partition.ts';

/** For one answer of the brokers. */
const deadline = 20_000;
const bytesOfPartition = 1024 * 1024;
const readCommitted = 1;

/** A partition, and the offsets that it held when the topic was opened: from `start` to before `end`. */
interface PartitionExtent {
  readonly partition: number;
  readonly start: number;
  readonly end: number;
}

/** A topic, read without a group: nobody is told and nothing is committed. */
export interface TopicReader {
  readonly partitions: readonly PartitionExtent[];
  /**
   * The records of a partition from one offset to before another, as they come; none of a transaction that is open or
   * was aborted. Throws UnavailableError when the brokers don't give them.
   */
  read(partition: number, from: number, to: number): AsyncGenerator<readonly SourceRecord[]>;
  close(): Promise<void>;
}

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

/** Opens a topic for reading. Throws UnavailableError, and ConfigurationError where the login is refused. */
export async function openTopicReader(
  kafka: Kafka,
  settings: Config['kafka'],
  topic: string,
): Promise<TopicReader> {
  const cluster = createCluster(kafka);
  const answered = async <Answer>(answer: Promise<Answer>): Promise<Answer> => {
    try {
      return await withDeadline(answer, deadline);
    } catch (thrown) {
      throw kafkaUnavailable(settings, thrown);
    }
  };
  const close = () => withDeadline(cluster.disconnect(), 1_000).catch(() => undefined);
  try {
    const partitions = await answered(connect(cluster, topic));
    return {
      partitions,
      async *read(partition, from, to) {
        for (let offset = from; offset < to; ) {
          const { records, next } = await answered(fetchFrom(cluster, topic, partition, offset));
          yield records.filter((record) => record.offset >= from && record.offset < to);
          // What is left belongs to a transaction that is still open.
          if (next <= offset) return;
          offset = next;
        }
      },
      close,
    };
  } catch (thrown) {
    await close();
    throw thrown;
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

async function connect(cluster: Cluster, topic: string): Promise<readonly PartitionExtent[]> {
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
  const [starts, ends] = [await offsets('earliest'), await offsets('latest')];
  return ids
    .toSorted((one, other) => one - other)
    .map((partition) => ({
      partition,
      start: starts.get(partition) ?? 0,
      end: ends.get(partition) ?? 0,
    }));
}

async function fetchFrom(cluster: Cluster, topic: string, partition: number, offset: number) {
  const [nodeId] = Object.keys(cluster.findLeaderForPartitions(topic, [partition]));
  if (nodeId === undefined) throw new Error(`partition ${topic}/${partition} has no leader`);
  const broker = await cluster.findBroker({ nodeId });
  const wanted = { partition, fetchOffset: String(offset), maxBytes: bytesOfPartition };
  const { responses } = await broker.fetch({
    ...{ maxWaitTime: 250, minBytes: 1, maxBytes: bytesOfPartition },
    ...{ isolationLevel: readCommitted, topics: [{ topic, partitions: [wanted] }] },
  });
  const [data] = responses[0]?.partitions ?? [];
  const batch = new Batch(topic, String(offset), data);
  const source = new AssignedPartition(topic, partition);
  return {
    records: batch.messages.map((message) => new SourceRecord(source, message)),
    next: Number(batch.lastOffset()) + 1,
  };
}
