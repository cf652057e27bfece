import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import avsc from 'avsc';
import kafkajs, { type Admin } from 'kafkajs';
import type { TestContext } from 'vitest';
import { z } from 'zod';
import { installKafkajsGuards } from '../../src/kafka/guards.ts';
import { realPart } from './services.ts';
import { until } from './until.ts';

/** Platform of a company that isn't our shop: its own topics, names and types, and its own encoding. */
export interface OwnPlatform {
  readonly brokers: readonly string[];
  readonly registryUrl: string;
  /** Stands before the names of its topics and of the group. */
  readonly prefix: string;
  /** Registers the schema and produces the events, in order. */
  produce(topic: string, schema: object, events: readonly OwnEvent[]): Promise<void>;
  createTopic(topic: string): Promise<void>;
  /** Committed and end offsets of each partition of the topics. */
  offsets(topics: readonly string[]): Promise<readonly PartitionOffsets[]>;
}

/** An event and its record's key. */
export interface OwnEvent {
  readonly key: string;
  readonly value: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Where a group is in a partition; 0 where it never committed. */
interface PartitionOffsets {
  readonly partition: string;
  readonly committed: number;
  readonly end: number;
}

/** Connects to the real parts; everything is closed when the test ends. */
export async function openOwnPlatform(
  context: TestContext,
  { brokers } = realPart('kafka', context),
): Promise<OwnPlatform> {
  const { url: registryUrl } = realPart('registry', context);
  installKafkajsGuards();
  const prefix = `acme-${randomBytes(4).toString('hex')}.`;
  const kafka = new kafkajs.Kafka({
    brokers: [...brokers],
    logLevel: kafkajs.logLevel.NOTHING,
  });
  const admin = kafka.admin();
  const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await Promise.all([admin.connect(), producer.connect()]);
  context.onTestFinished(async () => {
    await Promise.all([admin.disconnect(), producer.disconnect()]);
  });
  return {
    ...{ brokers, registryUrl, prefix },
    async createTopic(topic) {
      // 10 s, the default, are too few for a broker that starts on a busy machine.
      await admin.createTopics({ topics: [{ topic, numPartitions: 2 }], timeout: 60_000 });
    },
    async produce(topic, schema, events) {
      const id = await register(registryUrl, `${topic}-value`, schema);
      const type = avsc.Type.forSchema(schema as avsc.Schema);
      const messages = events.map(({ key, value, headers }) => ({
        ...{ key, ...(headers && { headers }) },
        value: Buffer.concat([confluentFrame(id), type.toBuffer(value)]),
      }));
      await producer.send({ topic, messages });
    },
    offsets: (topics) => readOffsets(admin, `${prefix}connector`, topics),
  };
}

const registered = z.object({ id: z.int() });

async function register(url: string, subject: string, schema: object): Promise<number> {
  const response = await fetch(`${url}/subjects/${subject}/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify({ schema: JSON.stringify(schema) }),
  });
  return registered.parse(await response.json()).id;
}

/** @see https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/index.html#wire-format */
function confluentFrame(schemaId: number): Buffer {
  const frame = Buffer.alloc(5);
  frame.writeInt32BE(schemaId, 1);
  return frame;
}

const beingChosen: readonly unknown[] = [
  ...['NOT_COORDINATOR_FOR_GROUP', 'GROUP_COORDINATOR_NOT_AVAILABLE', 'GROUP_LOAD_IN_PROGRESS'],
];

function undefinedWhileChosen(thrown: unknown): undefined {
  if (!beingChosen.includes(Reflect.get(Object(thrown), 'type'))) throw thrown;
}

async function readOffsets(
  admin: Admin,
  groupId: string,
  topics: readonly string[],
): Promise<readonly PartitionOffsets[]> {
  // A broker that has just started may still be about to choose who coordinates the group.
  const committed = await until(
    () => admin.fetchOffsets({ groupId, topics: [...topics] }).catch(undefinedWhileChosen),
    (found) => found !== undefined,
  );
  const offsets: PartitionOffsets[] = [];
  for (const topic of topics) {
    const own = committed?.find((found) => found.topic === topic)?.partitions ?? [];
    for (const { partition, high } of await admin.fetchTopicOffsets(topic)) {
      const found = own.find((other) => other.partition === partition);
      offsets.push({
        partition: `${topic}/${partition}`,
        committed: Math.max(Number(found?.offset ?? 0), 0),
        end: Number(high),
      });
    }
  }
  return offsets;
}

/** A Powerspace of the test's own, which knows nothing of ours. */
export interface RequestRecorder {
  readonly url: string;
  /** The first line of each request, in the order of arrival. */
  readonly lines: readonly string[];
  /** What is answered. */
  status: number;
}

/** Starts one that answers 200; it is closed when the test ends. */
export async function recordRequests(context: TestContext): Promise<RequestRecorder> {
  const lines: string[] = [];
  const server = createServer((request, response) => {
    lines.push(`${request.method} ${request.url} HTTP/${request.httpVersion}`);
    response.writeHead(recorder.status).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.onTestFinished(async () => {
    server.closeAllConnections();
    await server[Symbol.asyncDispose]();
  });
  const { port } = server.address() as AddressInfo;
  const recorder: RequestRecorder = { url: `http://127.0.0.1:${port}`, lines, status: 200 };
  return recorder;
}
