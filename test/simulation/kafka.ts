import { createRequire } from 'node:module';
import type {
  Admin,
  Consumer,
  ConsumerConfig,
  IHeaders,
  Kafka,
  PartitionAssigner,
  Producer,
  ProducerRecord,
} from 'kafkajs';
import { installKafkajsGuards } from '../../src/kafka/guards.ts';
import { type ClusterParts, SimulatedCluster } from './cluster.ts';
import { type Answer, Connection } from './connection.ts';
import type { Partitions } from './group.ts';

installKafkajsGuards();
const require = createRequire(import.meta.url);
const createConsumer = require('kafkajs/src/consumer');
const InstrumentationEventEmitter = require('kafkajs/src/instrumentation/emitter');
const retryDefaults = require('kafkajs/src/retry/defaults');

/** What a process' Kafka client is made of, and who watches it. */
export interface SimulatedKafkaParts extends Omit<ClusterParts, 'events'> {
  /** The broker has taken a dead letter with these headers. */
  readonly onDeadLetter: (headers: IHeaders) => void;
  /** A consumer was made; hears what partitions it has, by its own lights: none from when it asks to join. */
  readonly onConsumer: () => (partitions: Partitions) => void;
}

/** A Kafka client whose consumer is kafkajs's own, on simulated brokers. */
export function simulatedKafka(parts: SimulatedKafkaParts): Kafka {
  const client: Pick<Kafka, 'consumer' | 'producer' | 'admin'> = {
    consumer: (config) => createSimulatedConsumer(parts, config as ConsumerConfig),
    producer: () => createSimulatedProducer(parts) as unknown as Producer,
    admin: () => createSimulatedAdmin(parts) as unknown as Admin,
  };
  return client as Kafka;
}

function createSimulatedConsumer(parts: SimulatedKafkaParts, config: ConsumerConfig): Consumer {
  const onOwned = parts.onConsumer();
  const instrumentationEmitter = new InstrumentationEventEmitter();
  const consumer: Consumer = createConsumer({
    ...config,
    cluster: new SimulatedCluster({ ...parts, events: instrumentationEmitter }),
    instrumentationEmitter,
    // kafkajs itself retries differently where NODE_ENV is "test".
    retry: { ...retryDefaults, ...config.retry },
    logger: silentLogger,
    partitionAssigners: config.partitionAssigners?.map((assigner) =>
      watched(assigner, () => onOwned({})),
    ),
  });
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => onOwned(payload.memberAssignment));
  return consumer;
}

function watched(createAssigner: PartitionAssigner, onJoin: () => void): PartitionAssigner {
  return (configuration) => {
    const assigner = createAssigner(configuration);
    return {
      ...assigner,
      protocol(subscription) {
        const result = assigner.protocol(subscription);
        onJoin();
        return result;
      },
    };
  };
}

const silentLogger = {
  namespace: () => silentLogger,
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
};

function createSimulatedProducer({ scheduler, owner, brokers, onDeadLetter }: SimulatedKafkaParts) {
  const connection = new Connection(scheduler, owner);
  return {
    connect: async () => {},
    disconnect: async () => {},
    send: ({ messages }: ProducerRecord) =>
      connection.request((answer: Answer<[]>) =>
        brokers.serve((done) => {
          for (const { headers } of messages) onDeadLetter(headers ?? {});
          done([]);
        }, answer),
      ),
  };
}

function createSimulatedAdmin({ scheduler, owner, brokers, group }: SimulatedKafkaParts) {
  const connection = new Connection(scheduler, owner);
  const ask = <Result>(read: () => Result): Promise<Result> =>
    connection.request((answer: Answer<Result>) => brokers.serve((done) => done(read()), answer));
  return {
    connect: () => ask(() => undefined),
    listTopics: () => ask(() => brokers.logs.map(({ topic }) => topic)),
    disconnect: async () => {},
    fetchTopicOffsets: (topic: string) =>
      ask(() =>
        brokers.logsOf(topic).map(({ partition, end }) => ({
          ...{ partition, low: '0' },
          ...{ high: String(end), offset: String(end) },
        })),
      ),
    fetchTopicMetadata: ({ topics }: { topics: readonly string[] }) =>
      ask(() => ({
        topics: topics.map((name) => ({
          name,
          partitions: brokers.logsOf(name).map(({ partition }) => ({ partitionId: partition })),
        })),
      })),
    fetchTopicOffsetsByTimestamp: (topic: string, timestamp: number) =>
      ask(() =>
        brokers.logsOf(topic).map(({ partition, entries, end }) => {
          const later = entries.find((entry) => entry.timestamp >= timestamp);
          return { partition, offset: String(later?.offset ?? end) };
        }),
      ),
    fetchOffsets: ({ topics }: { topics: readonly string[] }) =>
      ask(() =>
        topics.map((topic) => ({
          topic,
          partitions: brokers.logsOf(topic).map(({ partition }) => ({
            partition,
            offset: String(group.committed.get(`${topic}/${partition}`) ?? -1),
            metadata: group.metadata.get(`${topic}/${partition}`) ?? null,
          })),
        })),
      ),
  };
}
