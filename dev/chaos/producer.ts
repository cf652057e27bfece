import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs, { type Kafka, type Message, type Producer } from 'kafkajs';
import type { ShopEvent } from '../shop/event.ts';
import type { ShopPlatform } from '../shopPlatform.ts';

const messagesAtOnce = 2_000;
const retryDelay = 250;

/** What the producer has had acknowledged: observer P. */
export interface Acknowledged {
  records: number;
  /** Sends that failed and were repeated, so that their records may be in Kafka twice. */
  repeatedSends: number;
}

/** A producer that gives up on nothing: it repeats a send until the broker has acknowledged it. */
export class PersistentProducer {
  readonly acknowledged: Acknowledged = { records: 0, repeatedSends: 0 };
  readonly #kafka: Kafka;
  readonly #shop: Pick<ShopPlatform, 'topics' | 'encode'>;
  #producer: Producer | undefined;

  constructor(kafka: Kafka, shop: Pick<ShopPlatform, 'topics' | 'encode'>) {
    this.#kafka = kafka;
    this.#shop = shop;
  }

  /** Produces events of one topic, in order; resolves once all are acknowledged. */
  async produce(events: readonly ShopEvent[]): Promise<void> {
    const topic = events[0]?.topic;
    if (topic) await this.produceRaw(topic, events.map(this.#shop.encode));
  }

  /** The same for records as they are. */
  async produceRaw(topic: ShopEvent['topic'], messages: readonly Message[]): Promise<void> {
    for (let start = 0; start < messages.length; start += messagesAtOnce) {
      const part = messages.slice(start, start + messagesAtOnce);
      await this.#sendUntilAcknowledged(this.#shop.topics[topic], part);
      this.acknowledged.records += part.length;
    }
  }

  async close(): Promise<void> {
    await this.#producer?.disconnect();
  }

  async #sendUntilAcknowledged(topic: string, messages: Message[]): Promise<void> {
    for (;;) {
      try {
        this.#producer ??= this.#kafka.producer({
          allowAutoTopicCreation: false,
          createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
          retry: { retries: 1, initialRetryTime: 200 },
        });
        await this.#producer.connect();
        await this.#producer.send({ topic, acks: -1, messages });
        return;
      } catch {
        // The broker is down, which is what the run is about.
        this.acknowledged.repeatedSends += 1;
        await sleep(retryDelay);
      }
    }
  }
}
