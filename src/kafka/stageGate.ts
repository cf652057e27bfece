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
  /**
   * Whether the group has joined each partition of these topics that is not `own` up to its first record
   * with the timestamp given for the topic, or a later one.
   */
  areOthersAt(
    timestamps: ReadonlyMap<string, number>,
    own: readonly AssignedPartition[],
  ): Promise<boolean>;
}

interface Block {
  /** Of the first record that waits. */
  readonly timestamp: number;
  readonly offset: number;
  /** Of the last record that was seen then. */
  readonly lastOffset: number;
  /** The ends of the earlier partitions, asked after those records had been read. */
  readonly ends: ReadonlyMap<AssignedPartition, number>;
}

/**
 * Nothing overtakes what it needs (design §7): a record of one stage is let through once each partition of
 * the earlier stages was read past its Kafka timestamp, or up to an end that was asked for after the record
 * had been read; those of other members must be joined past it. Until then its partition waits in Kafka;
 * nothing is parked in memory.
 */
export class StageGate {
  #ranges: ReadonlyMap<string, { first: number; last: number }>;
  readonly #offsets: BrokerOffsets;
  readonly #blocks = new Map<AssignedPartition, Block>();
  readonly #clearedThrough = new WeakMap<AssignedPartition, number>();
  /** The partitions that wait for those of other members, until the next look. */
  readonly #waitingForOthers = new Set<AssignedPartition>();

  constructor(topics: readonly TopicStages[], offsets: BrokerOffsets) {
    this.#offsets = offsets;
    this.#ranges = rangesOf(topics);
  }

  /** From now on these are the topics. */
  follow(topics: readonly TopicStages[]): void {
    this.#ranges = rangesOf(topics);
  }

  /** Whether the partition waits for others. */
  isBlocked(partition: AssignedPartition): boolean {
    return this.#blocks.has(partition) || this.#waitingForOthers.has(partition);
  }

  /**
   * How many of these records, from the first on, may go on now; so many count as read. When not all may, the
   * partition is blocked until `release` says otherwise. Rejects when the broker doesn't tell its offsets.
   */
  async admit(
    partition: AssignedPartition,
    records: readonly SourceRecord[],
    assigned: Iterable<AssignedPartition>,
  ): Promise<number> {
    const own = Array.from(assigned);
    const { passing, block } = await this.#admitByOwn(partition, records, own);
    const admitted = await this.#admitByOthers(partition, records.slice(0, passing), own);
    // With a block it counts as read up to there.
    if (block && admitted === passing) this.#blocks.set(partition, block);
    return admitted;
  }

  /** Lets the partitions that wait for other members try again with their next batch. */
  lookAgain(): void {
    this.#waitingForOthers.clear();
  }

  async #admitByOwn(
    partition: AssignedPartition,
    records: readonly SourceRecord[],
    assigned: readonly AssignedPartition[],
  ): Promise<{ readonly passing: number; readonly block?: Block }> {
    const earlier = this.#earlierThan(partition, assigned);
    const all = records.length;
    if (this.#countPassing(partition, records, earlier) === all) return { passing: all };
    const ends = await this.#offsets.ends(earlier);
    const unread = earlier.filter((other) => !hasReached(other, ends));
    const passing = this.#countPassing(partition, records, unread);
    const waiting = records[passing];
    const last = records.at(-1);
    if (!waiting || !last) return { passing };
    const { timestamp, offset } = waiting;
    return { passing, block: { timestamp, offset, lastOffset: last.offset, ends } };
  }

  /** Unblocks the partitions whose wait is over, and drops what is no longer assigned. */
  release(assigned: readonly AssignedPartition[]): void {
    for (const [partition, block] of this.#blocks) {
      if (!assigned.includes(partition)) {
        this.#blocks.delete(partition);
        continue;
      }
      const earlier = this.#earlierThan(partition, assigned);
      const unread = earlier.filter((other) => !hasReached(other, block.ends));
      if (block.timestamp >= this.#limit(partition, unread)) continue;
      // Their wait is over for good, whatever has come since.
      this.#clearedThrough.set(partition, unread.length === 0 ? block.lastOffset : block.offset);
      this.#blocks.delete(partition);
    }
  }

  /** What the whole batch needs is asked first: that is the common case. */
  async #admitByOthers(
    partition: AssignedPartition,
    records: readonly SourceRecord[],
    own: readonly AssignedPartition[],
  ): Promise<number> {
    const [first] = records;
    if (!first) return 0;
    const latest = records.reduce((max, { timestamp }) => Math.max(max, timestamp), 0);
    if (await this.#areOthersPast(partition, latest, own)) return records.length;
    this.#waitingForOthers.add(partition);
    if (!(await this.#areOthersPast(partition, first.timestamp, own))) return 0;
    const waiting = records.findIndex(({ timestamp }) => timestamp > first.timestamp);
    return waiting === -1 ? records.length : waiting;
  }

  async #areOthersPast(
    { topic }: AssignedPartition,
    timestamp: number,
    own: readonly AssignedPartition[],
  ): Promise<boolean> {
    const needed = new Map<string, number>();
    for (const other of this.#ranges.keys()) {
      // Of two that wait for each other, and hold records of the same time, either may go first.
      const isMutual = this.#needs(other, topic);
      if (this.#needs(topic, other)) needed.set(other, isMutual ? timestamp : timestamp + 1);
    }
    return needed.size === 0 || this.#offsets.areOthersAt(needed, own);
  }

  #earlierThan(
    partition: AssignedPartition,
    assigned: Iterable<AssignedPartition>,
  ): AssignedPartition[] {
    return Array.from(assigned).filter((other) => this.#waitsFor(partition, other));
  }

  #waitsFor(partition: AssignedPartition, other: AssignedPartition): boolean {
    return partition !== other && this.#needs(partition.topic, other.topic);
  }

  #needs(topic: string, other: string): boolean {
    const last = this.#ranges.get(topic)?.last ?? 0;
    const first = this.#ranges.get(other)?.first ?? 0;
    return first < last;
  }

  #countPassing(
    partition: AssignedPartition,
    records: readonly SourceRecord[],
    unread: readonly AssignedPartition[],
  ): number {
    const cleared = this.#clearedThrough.get(partition) ?? -1;
    const limit = this.#limit(partition, unread);
    const waiting = records.findIndex(
      ({ offset, timestamp }) => offset > cleared && timestamp >= limit,
    );
    return waiting === -1 ? records.length : waiting;
  }

  /** Only records with a timestamp below this have nothing to wait for in those partitions. */
  #limit(partition: AssignedPartition, unread: readonly AssignedPartition[]): number {
    return Math.min(...unread.map((other) => this.#readUpTo(other, partition)));
  }

  /**
   * A partition that waits itself counts as read up to the record it waits with. Of two that wait for each
   * other the one with the earlier record goes first, and of records of the same time either may.
   */
  #readUpTo(other: AssignedPartition, partition: AssignedPartition): number {
    const block = this.#blocks.get(other);
    if (!block) return other.latestTimestamp;
    const isMutual = this.#waitsFor(other, partition);
    return Math.max(other.latestTimestamp, isMutual ? block.timestamp + 1 : block.timestamp);
  }
}

function rangesOf(topics: readonly TopicStages[]) {
  return new Map(
    topics.map(({ topic, stages: held }) => {
      const indexes = held.map((stage) => stages.indexOf(stage));
      return [topic, { first: Math.min(...indexes), last: Math.max(...indexes) }];
    }),
  );
}

/** Whether it was read up to its end; one whose end wasn't asked for has come since, and isn't waited for. */
function hasReached(
  partition: AssignedPartition,
  ends: ReadonlyMap<AssignedPartition, number>,
): boolean {
  const end = ends.get(partition);
  return end === undefined || (partition.position ?? partition.startPosition ?? 0) >= end;
}
