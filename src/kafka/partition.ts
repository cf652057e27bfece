import type { IHeaders, KafkaMessage } from 'kafkajs';
import { Watermark } from './watermark.ts';

/** Settled offsets above the watermark beyond which a partition waits for its slowest record. */
const longestAhead = 1_000_000;

/**
 * A partition for as long as this member owns it in one generation of the group. After each rebalance there
 * are new ones, also for partitions that stayed; the old ones are revoked for ever.
 */
export class AssignedPartition {
  readonly topic: string;
  readonly partition: number;
  readonly watermark = new Watermark();
  /** Set once the group may have given the partition to another: nothing more is sent or committed for it. */
  isRevoked = false;
  /** The offset that is read next; undefined until the first batch. */
  position: number | undefined;
  /** Where the group stood when the partition was assigned, as far as somebody asked. */
  startPosition: number | undefined;
  /** The end of the partition, as of the last fetch. */
  highWatermark: number | undefined;
  /** The latest Kafka timestamp read, in milliseconds. */
  latestTimestamp = Number.NEGATIVE_INFINITY;
  /** The offset that the group had committed when the partition was assigned, once asked; below 0 for none. */
  groupOffset: number | undefined;
  /** The offset at which it must be read first, where somebody asked: the group's, or that of its first record. */
  startOffset: number | undefined;
  /** The offset that the group had in an earlier generation, where this member had the partition then. */
  earlierOffset: number | undefined;
  /** The offset last committed in this generation. */
  committed: number | undefined;
  /** The offset below which the clicks of all records are in the store; undefined before the first. */
  joinedTo: number | undefined;
  /** As far as the group was told of that. */
  committedJoinedTo: number | undefined;
  /** How often it was to be told to other members that it stands still by intent. */
  rests = 0;
  /** As far as the group was told of that. */
  committedRests = 0;
  /** The offset from which on nothing is read: reading is complete there. */
  end = Number.POSITIVE_INFINITY;
  /** Whether the consumer was told to fetch nothing from it. */
  isPaused = false;

  constructor(topic: string, partition: number) {
    this.topic = topic;
    this.partition = partition;
  }

  /** Notes records that were read from it: they must be settled. */
  read(records: readonly SourceRecord[]): void {
    for (const { offset, timestamp } of records) {
      this.watermark.read(offset);
      if (timestamp > this.latestTimestamp) this.latestTimestamp = timestamp;
    }
  }

  /** Everything below `position` has been read, or holds no record; what lies beyond its end doesn't count. */
  advance(position: number): void {
    this.position = Math.min(position, this.end);
    this.watermark.advance(this.position);
  }

  /** Whether all up to its end was read, here or earlier by the group. */
  get hasReachedEnd(): boolean {
    return (this.position ?? this.groupOffset ?? -1) >= this.end;
  }

  /** Whether this generation found no record up to its end, be it that only markers of transactions were there. */
  get heldNothing(): boolean {
    const hasRead = this.latestTimestamp !== Number.NEGATIVE_INFINITY;
    return this.position !== undefined && this.hasReachedEnd && !hasRead;
  }

  /** Whether nothing more is read until the slowest of its records is settled. */
  get isTooFarAhead(): boolean {
    return this.watermark.ahead > longestAhead;
  }

  /** The offset that the group has, as far as this member knows; below 0 for none. */
  get knownOffset(): number {
    return this.committed ?? this.groupOffset ?? -1;
  }

  /** How many offsets were read and are not committed. */
  get uncommitted(): number {
    return this.position === undefined ? 0 : this.position - (this.committed ?? this.position);
  }

  /** Whether all that the broker has told of was read. */
  get hasCaughtUp(): boolean {
    return this.position !== undefined && this.lag === 0;
  }

  /** How many records are in it that are to be read, and have not been. */
  get lag(): number {
    return Math.max(Math.min(this.highWatermark ?? 0, this.end) - (this.position ?? 0), 0);
  }
}

/** A Kafka record as the pipeline sees it. */
export class SourceRecord {
  /** The partition that it was read from, in the generation in which it was read. */
  readonly source: AssignedPartition;
  /** Kafka offsets are 64 bit; a partition would need 2^53 records before a number is not exact. */
  readonly offset: number;
  /** The Kafka timestamp, in milliseconds since the Unix epoch. */
  readonly timestamp: number;
  #key: Buffer | null;
  #value: Buffer | null;
  #headers: IHeaders | undefined;

  constructor(source: AssignedPartition, message: Omit<KafkaMessage, 'attributes'>) {
    this.source = source;
    this.offset = Number(message.offset);
    this.timestamp = Number(message.timestamp);
    this.#key = message.key;
    this.#value = message.value;
    this.#headers = message.headers;
  }

  get key(): Buffer | null {
    return this.#key;
  }

  /** Null for a tombstone. */
  get value(): Buffer | null {
    return this.#value;
  }

  get headers(): IHeaders | undefined {
    return this.#headers;
  }

  /** Copies its payload: kafkajs's buffers are views that would keep a whole fetch in memory as long as it waits. */
  detach(): void {
    this.#key = this.#key && Buffer.from(this.#key);
    this.#value = this.#value && Buffer.from(this.#value);
    this.#headers = this.#headers && copyHeaders(this.#headers);
  }

  get topic(): string {
    return this.source.topic;
  }

  get partition(): number {
    return this.source.partition;
  }

  /** Bytes of payload that it holds in memory. */
  get size(): number {
    let size = (this.#key?.length ?? 0) + (this.#value?.length ?? 0);
    for (const value of Object.values(this.#headers ?? {})) size += value?.length ?? 0;
    return size;
  }

  /** Whether it is the same record of Kafka, perhaps read again after a rebalance. */
  isSameAs(other: SourceRecord): boolean {
    return (
      this.offset === other.offset &&
      this.partition === other.partition &&
      this.topic === other.topic
    );
  }
}

function copyHeaders(headers: IHeaders): IHeaders {
  const copy = (value: Buffer | string) => (Buffer.isBuffer(value) ? Buffer.from(value) : value);
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.map(copy) : value && copy(value),
    ]),
  );
}
