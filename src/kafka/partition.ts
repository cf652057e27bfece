import type { IHeaders, KafkaMessage } from 'kafkajs';
import { Watermark } from './watermark.ts';

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
  /** The offset last committed in this generation. */
  committed: number | undefined;
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

  /** Everything below `position` has been read, or holds no record. */
  advance(position: number): void {
    this.position = position;
    this.watermark.advance(position);
  }

  /** How many offsets were read and are not committed. */
  get uncommitted(): number {
    return this.position === undefined ? 0 : this.position - (this.committed ?? this.position);
  }

  /** How many records are in it that have not been read. */
  get lag(): number {
    return Math.max((this.highWatermark ?? 0) - (this.position ?? 0), 0);
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
  readonly key: Buffer | null;
  /** Null for a tombstone. */
  readonly value: Buffer | null;
  readonly headers: IHeaders | undefined;

  constructor(source: AssignedPartition, message: Omit<KafkaMessage, 'attributes'>) {
    this.source = source;
    this.offset = Number(message.offset);
    this.timestamp = Number(message.timestamp);
    this.key = message.key;
    this.value = message.value;
    this.headers = message.headers;
  }

  get topic(): string {
    return this.source.topic;
  }

  get partition(): number {
    return this.source.partition;
  }

  /** Bytes of payload that it holds in memory. */
  get size(): number {
    return (this.key?.length ?? 0) + (this.value?.length ?? 0);
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
