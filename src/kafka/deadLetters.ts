import kafkajs, { type IHeaders, type Kafka, type Producer } from 'kafkajs';
import { withDeadline } from '../deadline.ts';
import { toError, UnavailableError } from '../errors.ts';
import type { KafkaAdmin } from './admin.ts';
import type { SourceRecord } from './partition.ts';

/** kafkajs can wait for a broker without end; a dead letter is produced again after this long. */
const sendDeadline = 15_000;

/** A record that can't be reported, and why. */
export interface DeadLetter {
  readonly record: SourceRecord;
  /** Which of its conversions, `lead` or `order`; undefined where that isn't known. */
  readonly kind: string | undefined;
  readonly reason: string;
  readonly error: string;
  /** HTTP requests that were made for it. */
  readonly attempts: number;
}

/** The topic that a group's dead letters go to (design §5). */
export function deadLetterTopic(group: string): string {
  return `${group}.dead-letters`;
}

/** Produces dead letters: the original key, value and headers, and headers that say what happened. */
export class DeadLetters {
  readonly #kafka: Kafka;
  readonly #topic: string;
  #producer: Producer | undefined;

  constructor(kafka: Kafka, group: string) {
    this.#kafka = kafka;
    this.#topic = deadLetterTopic(group);
  }

  /** Has the topic created, unless it is there. Throws as `ensureTopic`. */
  async prepare({ ensureTopic }: Pick<KafkaAdmin, 'ensureTopic'>): Promise<void> {
    await ensureTopic(this.#topic);
  }

  /**
   * Resolves once all of them are on all in-sync replicas. Throws UnavailableError otherwise: sending them
   * again then may repeat some, and loses none.
   */
  async send(letters: readonly DeadLetter[]): Promise<void> {
    try {
      await withDeadline(this.#send(letters), sendDeadline);
    } catch (thrown) {
      // A producer that has timed out can stay broken (tulios/kafkajs#919).
      await this.close().catch(() => undefined);
      const { message } = toError(thrown);
      throw new UnavailableError(`Kafka topic ${this.#topic}`, message, { cause: thrown });
    }
  }

  async close(): Promise<void> {
    const producer = this.#producer;
    this.#producer = undefined;
    await producer?.disconnect();
  }

  async #send(letters: readonly DeadLetter[]): Promise<void> {
    this.#producer ??= this.#kafka.producer({
      allowAutoTopicCreation: false,
      idempotent: false,
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
      retry: { retries: 3 },
    });
    await this.#producer.connect();
    const at = new Date().toISOString();
    await this.#producer.send({
      topic: this.#topic,
      acks: -1,
      messages: letters.map((letter) => ({
        key: letter.record.key,
        value: letter.record.value,
        headers: headersOf(letter, at),
      })),
    });
  }
}

function headersOf({ record, kind, reason, error, attempts }: DeadLetter, at: string): IHeaders {
  return {
    ...record.headers,
    'dead-letter-reason': reason,
    ...(kind !== undefined && { 'dead-letter-record': kind }),
    'dead-letter-error': error,
    'dead-letter-topic': record.topic,
    'dead-letter-partition': String(record.partition),
    'dead-letter-offset': String(record.offset),
    'dead-letter-timestamp': String(record.timestamp),
    'dead-letter-attempts': String(attempts),
    'dead-letter-at': at,
  };
}
