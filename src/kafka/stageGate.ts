import type { AssignedPartition, SourceRecord } from './partition.ts';

/** The stages of a conversion in the order in which they need each other: clicks, leads, orders. */
export const stages = ['click', 'lead', 'order'] as const;
export type Stage = (typeof stages)[number];

/** What a topic holds, by its mappings. */
export interface TopicStages {
  readonly topic: string;
  readonly stages: readonly Stage[];
}

/** The ends of partitions, asked of the broker. */
export interface BrokerOffsets {
  /** For each partition its end now; sets `startPosition` where nothing was read yet. */
  ends(partitions: readonly AssignedPartition[]): Promise<ReadonlyMap<AssignedPartition, number>>;
}

interface Block {
  /** Timestamp and offset of the first record that waits, and the last offset that was seen then. */
  readonly timestamp: number;
  readonly lastOffset: number;
  /** The ends of the earlier partitions, asked after that record had been read. */
  readonly ends: ReadonlyMap<AssignedPartition, number>;
}

/**
 * Nothing overtakes what it needs (design §7): a record of one stage is let through once the partitions of
 * the earlier stages were read past its Kafka timestamp, or up to an end that was asked for after the record
 * had been read. Until then its partition waits in Kafka; nothing is parked in memory.
 */
export class StageGate {
  readonly #ranges: ReadonlyMap<string, { first: number; last: number }>;
  readonly #offsets: BrokerOffsets;
  readonly #blocks = new Map<AssignedPartition, Block>();
  readonly #clearedThrough = new WeakMap<AssignedPartition, number>();

  constructor(topics: readonly TopicStages[], offsets: BrokerOffsets) {
    this.#offsets = offsets;
    this.#ranges = new Map(
      topics.map(({ topic, stages: held }) => {
        const indexes = held.map((stage) => stages.indexOf(stage));
        return [topic, { first: Math.min(...indexes), last: Math.max(...indexes) }];
      }),
    );
  }

  /** Whether the partition waits for others. */
  isBlocked(partition: AssignedPartition): boolean {
    return this.#blocks.has(partition);
  }

  /**
   * How many of these records, from the first on, may go on now. When not all may, the partition is blocked
   * until `release` says otherwise. Rejects when the broker doesn't tell its offsets.
   */
  async admit(
    partition: AssignedPartition,
    records: readonly SourceRecord[],
    assigned: Iterable<AssignedPartition>,
  ): Promise<number> {
    const earlier = this.#earlierThan(partition, assigned);
    if (earlier.length === 0) return records.length;
    if (this.#countPassing(partition, records, earlier) === records.length) return records.length;
    const ends = await this.#offsets.ends(earlier);
    if (hasReached(earlier, ends)) return records.length;
    const passing = this.#countPassing(partition, records, earlier);
    const waiting = records[passing];
    const last = records.at(-1);
    if (waiting && last) {
      const block = { timestamp: waiting.timestamp, lastOffset: last.offset, ends };
      this.#blocks.set(partition, block);
    }
    return passing;
  }

  /** Unblocks the partitions whose wait is over, and drops what is no longer assigned. */
  release(assigned: readonly AssignedPartition[]): void {
    for (const [partition, block] of this.#blocks) {
      if (partition.isRevoked) {
        this.#blocks.delete(partition);
        continue;
      }
      const earlier = this.#earlierThan(partition, assigned);
      if (hasReached(earlier, block.ends)) {
        this.#clearedThrough.set(partition, block.lastOffset);
        this.#blocks.delete(partition);
      } else if (earlier.every((other) => this.#isReadPast(other, block.timestamp))) {
        this.#blocks.delete(partition);
      }
    }
  }

  #earlierThan(
    partition: AssignedPartition,
    assigned: Iterable<AssignedPartition>,
  ): AssignedPartition[] {
    const last = this.#ranges.get(partition.topic)?.last ?? 0;
    const earlier: AssignedPartition[] = [];
    for (const other of assigned) {
      const first = this.#ranges.get(other.topic)?.first ?? 0;
      if (other !== partition && first < last) earlier.push(other);
    }
    return earlier;
  }

  #countPassing(
    partition: AssignedPartition,
    records: readonly SourceRecord[],
    earlier: readonly AssignedPartition[],
  ): number {
    const cleared = this.#clearedThrough.get(partition) ?? -1;
    const waiting = records.findIndex(
      ({ offset, timestamp }) =>
        offset > cleared && !earlier.every((other) => this.#isReadPast(other, timestamp)),
    );
    return waiting === -1 ? records.length : waiting;
  }

  /**
   * A partition that waits itself counts as read up to and including the record it waits with: of two that
   * wait for each other, the one with the earlier record goes first.
   */
  #isReadPast(partition: AssignedPartition, timestamp: number): boolean {
    const block = this.#blocks.get(partition);
    return block
      ? timestamp <= Math.max(partition.latestTimestamp, block.timestamp)
      : timestamp < partition.latestTimestamp;
  }
}

/** Whether each was read up to its end; one whose end wasn't asked for has come since, and isn't waited for. */
function hasReached(
  partitions: readonly AssignedPartition[],
  ends: ReadonlyMap<AssignedPartition, number>,
): boolean {
  return partitions.every((partition) => {
    const end = ends.get(partition);
    return end === undefined || (partition.position ?? partition.startPosition ?? 0) >= end;
  });
}
