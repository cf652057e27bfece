import type { Kafka } from 'kafkajs';
import type { Config } from '../config/schema.ts';
import { deadLetterTopic } from './deadLetters.ts';
import { AssignedPartition, SourceRecord } from './partition.ts';
import { openTopicReader, type TopicReader } from './topicReader.ts';

const prefix = 'dead-letter-';

/** A dead letter as its topic has it. */
export interface StoredDeadLetter {
  /** Its own place in the dead-letter topic: `partition/offset`. */
  readonly id: string;
  /** The record that could not be reported, as it was read. */
  readonly record: SourceRecord;
  /** Which of its conversions, `lead` or `order`; undefined where that wasn't known. */
  readonly kind: string | undefined;
  readonly reason: string;
  readonly error: string;
  /** HTTP requests that were made for it. */
  readonly attempts: number;
  /** When it was given up, in milliseconds since the Unix epoch. */
  readonly at: number;
}

/** The dead letters of a group. */
export class DeadLetterReader {
  readonly #reader: TopicReader;

  private constructor(reader: TopicReader) {
    this.#reader = reader;
  }

  /** Opens the dead-letter topic as it is now. Throws UnavailableError, and ConfigurationError where the login is refused. */
  static async open(kafka: Kafka, settings: Config['kafka']): Promise<DeadLetterReader> {
    const topic = deadLetterTopic(settings.group);
    return new DeadLetterReader(await openTopicReader(kafka, settings, topic));
  }

  /** All that were there when it was opened, partition by partition. Throws UnavailableError. */
  async *all(): AsyncGenerator<StoredDeadLetter> {
    for (const { partition, start, end } of this.#reader.partitions) {
      yield* this.#read(partition, start, end);
    }
  }

  /** The one at a place, `partition/offset`; undefined where there is none. Throws UnavailableError. */
  async at(id: string): Promise<StoredDeadLetter | undefined> {
    const [partition = Number.NaN, offset = Number.NaN] = id.split('/').map(Number);
    const extent = this.#reader.partitions.find((each) => each.partition === partition);
    if (!extent || !(offset >= extent.start && offset < extent.end)) return undefined;
    for await (const letter of this.#read(partition, offset, offset + 1)) return letter;
    return undefined;
  }

  async close(): Promise<void> {
    await this.#reader.close();
  }

  async *#read(partition: number, from: number, to: number): AsyncGenerator<StoredDeadLetter> {
    for await (const records of this.#reader.read(partition, from, to)) {
      for (const record of records) {
        const letter = parseDeadLetter(record);
        if (letter) yield letter;
      }
    }
  }
}

/** Undefined for a record that somebody else has put into the topic. */
function parseDeadLetter(stored: SourceRecord): StoredDeadLetter | undefined {
  const headers = stored.headers ?? {};
  const text = (name: string) => headers[`${prefix}${name}`]?.toString();
  const [topic, reason] = [text('topic'), text('reason')];
  const [partition, offset] = [Number(text('partition')), Number(text('offset'))];
  if (topic === undefined || reason === undefined) return undefined;
  if (!Number.isSafeInteger(partition) || !Number.isSafeInteger(offset)) return undefined;
  const own = Object.entries(headers).filter(([name]) => !name.startsWith(prefix));
  return {
    ...{ id: `${stored.partition}/${stored.offset}`, reason, kind: text('record') },
    ...{ error: text('error') ?? '', attempts: Number(text('attempts') ?? 0) },
    at: Date.parse(text('at') ?? '') || stored.timestamp,
    // Of its own: letters come in any order, and none of them holds back another.
    record: new SourceRecord(new AssignedPartition(topic, partition), {
      ...{ key: stored.key, value: stored.value, headers: Object.fromEntries(own) },
      ...{ offset: String(offset), timestamp: text('timestamp') ?? String(stored.timestamp) },
    }),
  };
}
