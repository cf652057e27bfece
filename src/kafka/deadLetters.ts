import kafkajs, { type IHeaders, type Kafka, type Producer } from 'kafkajs';
import { withDeadline } from '../deadline.ts';
import { toError, UnavailableError } from '../errors.ts';
import type { KafkaAdmin } from './admin.ts';
import type { SourceRecord } from './partition.ts';

/** kafkajs can wait for a broker without end; a dead letter is produced again after this long. */
const sendDeadline = 15_000;
/** Bytes that are produced at once: kafkajs makes one batch of them, and a topic takes 1 MB unless told otherwise. */
const largestRequest = 512 * 1024;
/** What the headers of a dead letter take at most, beside those of its record and the error. */
const ownHeaders = 1_024;
/** MESSAGE_TOO_LARGE and RECORD_LIST_TOO_LARGE (https://kafka.apache.org/protocol#protocol_error_codes). */
const tooLarge: readonly unknown[] = [10, 18];

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

  /**
   * Has the topic created, unless it is there, to keep them for `retention` milliseconds: they hold personal data, and
   * are of no use any more once their clicks have expired. Throws as `ensureTopic`.
   */
  async prepare(
    { ensureTopic }: Pick<KafkaAdmin, 'ensureTopic'>,
    retention: number,
  ): Promise<void> {
    await ensureTopic(this.#topic, { 'retention.ms': String(retention) });
  }

  /**
   * Resolves once they are on all in-sync replicas, with those that the topic does not take, however they are sent:
   * they are too large for it. Throws UnavailableError otherwise: sending them again then may repeat some, and loses none.
   */
  async send(letters: readonly DeadLetter[]): Promise<readonly DeadLetter[]> {
    try {
      const left: DeadLetter[] = [];
      for (const some of toRequests(letters)) left.push(...(await this.#sendWhatFits(some)));
      return left;
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

  /** In halves where all at once is too much; returns what is too much by itself. */
  async #sendWhatFits(letters: readonly DeadLetter[]): Promise<readonly DeadLetter[]> {
    try {
      await withDeadline(this.#produce(letters), sendDeadline);
      return [];
    } catch (thrown) {
      if (!tooLarge.includes(Reflect.get(toError(thrown), 'code'))) throw thrown;
      if (letters.length === 1) return letters;
      const half = Math.ceil(letters.length / 2);
      const first = await this.#sendWhatFits(letters.slice(0, half));
      return [...first, ...(await this.#sendWhatFits(letters.slice(half)))];
    }
  }

  async #produce(letters: readonly DeadLetter[]): Promise<void> {
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
      // Producers may have compressed what would not fit otherwise.
      compression: kafkajs.CompressionTypes.GZIP,
      messages: letters.map((letter) => ({
        key: letter.record.key,
        value: letter.record.value,
        headers: headersOf(letter, at),
      })),
    });
  }
}

/** In their order, as many at a time as make a request. */
function toRequests(letters: readonly DeadLetter[]): readonly (readonly DeadLetter[])[] {
  const requests: DeadLetter[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const letter of letters) {
    const size = letter.record.size + letter.error.length + ownHeaders;
    if (bytes + size > largestRequest) {
      requests.push([]);
      bytes = 0;
    }
    bytes += size;
    requests.at(-1)?.push(letter);
  }
  return requests;
}

function headersOf({ record, kind, reason, error, attempts }: DeadLetter, at: string): IHeaders {
  return {
    ...withoutNull(record.headers),
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

/** kafkajs reads a header without a value, and can't write one: it becomes an empty one. */
function withoutNull(headers: IHeaders = {}): IHeaders {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.map((each) => each ?? '') : (value ?? ''),
    ]),
  );
}
