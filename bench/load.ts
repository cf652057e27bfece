import { readFile } from 'node:fs/promises';
import kafkajs, { type Admin, type Kafka, type Message } from 'kafkajs';
import { frame } from '../src/avro/framing.ts';
import { createRegistry } from '../src/avro/registry.ts';
import { encoder, parseSchema } from '../src/avro/schema.ts';
import { clickKeys } from './clicks.ts';

/** Events of a send, and of those, what a batch of a partition holds. */
const eventsAtOnce = 8_000;
const schemaFile = new URL('../schemas/UserSignedUp.avsc', import.meta.url);

/** Events of a topic: sign-ups, each of another person. */
export interface TopicPlan {
  readonly events: number;
  /** Of how many events one has a click: 1 for all, 100 for 1%. */
  readonly clickEvery: number;
  /** Of how many events one is traced by its producer; every event has a traceparent. */
  readonly tracedEvery: number;
  readonly partitions: number;
}

/** A topic with its events in it. */
export interface LoadedTopic extends TopicPlan {
  readonly topic: string;
  /** Events with a click. */
  readonly attributed: number;
}

/** What producing needs. */
export interface LoadOptions {
  readonly kafka: Kafka;
  readonly admin: Admin;
  readonly registryUrl: string;
  readonly prefix: string;
  readonly report: (line: string) => void;
}

/** Makes topics, each once: rounds read the same one with a group of their own. */
export class Load {
  readonly #options: LoadOptions;
  readonly #topics = new Map<string, LoadedTopic>();

  constructor(options: LoadOptions) {
    this.#options = options;
  }

  /** The topic with these events, produced at the first call. */
  async topic(plan: TopicPlan): Promise<LoadedTopic> {
    const { events, clickEvery, tracedEvery, partitions } = plan;
    const name = `${this.#options.prefix}.${events}.${clickEvery}.${tracedEvery}.${partitions}`;
    const known = this.#topics.get(name);
    if (known) return known;
    const attributed = Math.ceil(events / clickEvery);
    const loaded = { ...plan, topic: name, attributed };
    this.#topics.set(name, loaded);
    const startedAt = performance.now();
    await this.#produce(loaded);
    const seconds = (performance.now() - startedAt) / 1_000;
    this.#options.report(`${events} events produced in ${seconds.toFixed(1)} s`);
    return loaded;
  }

  /** Removes the topics: the broker may be somebody's. */
  readonly close = async (): Promise<void> => {
    const topics = Array.from(this.#topics.values(), ({ topic }) => topic);
    if (topics.length > 0) await this.#options.admin.deleteTopics({ topics });
  };

  async #produce({ topic, events, clickEvery, tracedEvery, partitions }: LoadedTopic) {
    const { kafka, admin, registryUrl } = this.#options;
    const configEntries = [{ name: 'retention.ms', value: '-1' }];
    await admin.createTopics({
      topics: [{ topic, numPartitions: partitions, configEntries }],
      waitForLeaders: true,
    });
    const encode = await signUpEncoder(registryUrl, topic);
    const producer = kafka.producer({ allowAutoTopicCreation: false });
    await producer.connect();
    try {
      for (let start = 0; start < events; start += eventsAtOnce) {
        const messages: Message[] = [];
        for (let index = start; index < Math.min(start + eventsAtOnce, events); index += 1) {
          const click = index % clickEvery === 0 ? index / clickEvery : undefined;
          const isTraced = index % tracedEvery === 0;
          // Each hundred begins with another partition: what has a click is spread over all of them.
          const partition = (index + Math.floor(index / 100)) % partitions;
          messages.push({ ...encode({ index, click, isTraced }), partition });
        }
        const compression = kafkajs.CompressionTypes.LZ4;
        await producer.send({ topic, messages, compression, acks: 1 });
      }
    } finally {
      await producer.disconnect();
    }
  }
}

interface SignUp {
  readonly index: number;
  /** Which of the clicks in the store brought the person. */
  readonly click: number | undefined;
  readonly isTraced: boolean;
}

/** Encodes sign-ups as the shop does, in Confluent's frame, with the span of whoever produced them. */
async function signUpEncoder(registryUrl: string, topic: string) {
  const schema = parseSchema(await readFile(schemaFile, 'utf8'), 'schemas/UserSignedUp.avsc');
  const registry = createRegistry({ url: registryUrl, timeout: 10_000 });
  const id = await registry.register(`${topic}-value`, schema).finally(registry.close);
  const encode = encoder(schema);
  const signedUpAt = Date.now();
  return ({ index, click, isTraced }: SignUp): Message => {
    const number = index.toString(16).padStart(12, '0');
    const userId = `user-${number}`;
    const value = {
      eventId: `7d444840-9dc0-41d1-b245-${number}`,
      ...{ signedUpAt, userId },
      visitorId: click === undefined ? `visitor-${number}` : clickKeys(click).visitorId,
      ...{ method: 'EMAIL', country: 'FR', referralCode: null },
      consent: { marketing: true, newsletter: false, recordedAt: signedUpAt },
    };
    const flags = isTraced ? '01' : '00';
    return {
      key: userId,
      value: frame('confluent', id, encode(value)),
      headers: {
        traceparent: `00-0af7651916cd43dd8448${number}-b7ad6b71${number.slice(4)}-${flags}`,
      },
      timestamp: String(signedUpAt),
    };
  };
}
