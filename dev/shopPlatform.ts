import { readFile } from 'node:fs/promises';
import { findPackageJSON } from 'node:module';
import { dirname, join } from 'node:path';
import kafkajs, { type Kafka, type Message } from 'kafkajs';
import { frame } from '../src/avro/framing.ts';
import { createRegistry } from '../src/avro/registry.ts';
import { encoder, parseSchema } from '../src/avro/schema.ts';
import { installKafkajsGuards } from '../src/kafka/guards.ts';
import type { ShopEvent } from './shop/event.ts';

/** The topics of the shop, and the event that each carries. */
const topics: Readonly<Record<ShopEvent['topic'], ShopEvent['event']>> = {
  'web.landing': 'LandingPageVisited',
  accounts: 'UserSignedUp',
  orders: 'OrderPlaced',
};

/** The schemas are beside package.json, wherever this file is built to. */
const packageFolder = dirname(findPackageJSON('.', import.meta.url) ?? '.');

const partitions = 3;
const messagesAtOnce = 1_000;

/** Where the shop's platform runs, and how its topics are told from those of others. */
export interface ShopPlatformOptions {
  readonly brokers: readonly string[];
  readonly registryUrl: string;
  /** Stands before the name of each topic. */
  readonly prefix: string;
}

/** The shop's own platform: what an advertiser has before the connector comes. */
export interface ShopPlatform {
  readonly topics: Readonly<Record<ShopEvent['topic'], string>>;
  /** A Kafka message with the event in Confluent's frame, keyed and dated as the shop does. */
  encode(event: ShopEvent): Message;
  /** Produces messages to a topic, in order, acknowledged when it resolves. */
  produce(topic: string, messages: readonly Message[]): Promise<void>;
  close(): Promise<void>;
}

/** Creates the topics, registers the schemas of schemas/, and connects a producer. */
export async function openShopPlatform(options: ShopPlatformOptions): Promise<ShopPlatform> {
  installKafkajsGuards();
  const kafka = new kafkajs.Kafka({
    clientId: 'shop',
    brokers: [...options.brokers],
    logLevel: kafkajs.logLevel.NOTHING,
  });
  const names = Object.fromEntries(
    Object.keys(topics).map((topic) => [topic, `${options.prefix}${topic}`]),
  ) as ShopPlatform['topics'];
  await createTopics(kafka, Object.values(names));
  const encoders = await registerSchemas(options.registryUrl, names);
  const producer = kafka.producer({ allowAutoTopicCreation: false });
  await producer.connect();
  return {
    topics: names,
    encode: (event) => ({
      key: event.key,
      value: encoders.get(event.topic)?.(event.value) ?? null,
      headers: event.headers,
      timestamp: String(event.at.getTime()),
    }),
    async produce(topic, messages) {
      for (let start = 0; start < messages.length; start += messagesAtOnce) {
        await producer.send({ topic, messages: messages.slice(start, start + messagesAtOnce) });
      }
    },
    close: () => producer.disconnect(),
  };
}

async function createTopics(kafka: Kafka, names: readonly string[]): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    await admin.createTopics({
      waitForLeaders: true,
      // The shop's events are dated weeks back; the broker would remove them at once.
      topics: names.map((topic) => ({
        topic,
        numPartitions: partitions,
        configEntries: [{ name: 'retention.ms', value: '-1' }],
      })),
    });
  } finally {
    await admin.disconnect();
  }
}

async function registerSchemas(url: string, names: ShopPlatform['topics']) {
  const registry = createRegistry({ url, timeout: 10_000 });
  try {
    const encoders = new Map<ShopEvent['topic'], (value: unknown) => Buffer>();
    for (const [topic, event] of Object.entries(topics) as [ShopEvent['topic'], string][]) {
      const file = join(packageFolder, 'schemas', `${event}.avsc`);
      const schema = parseSchema(await readFile(file, 'utf8'), `schemas/${event}.avsc`);
      const id = await registry.register(`${names[topic]}-value`, schema);
      const encode = encoder(schema);
      encoders.set(topic, (value) => frame('confluent', id, encode(value)));
    }
    return encoders;
  } finally {
    await registry.close();
  }
}
