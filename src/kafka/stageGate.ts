import { OthersGate, type OthersOffsets } from './othersGate.ts';
import type { AssignedPartition, SourceRecord } from './partition.ts';
import { StageOrder, type TopicStages } from './stageOrder.ts';
import { type Patience, Standstills, waitedForOf } from './standstills.ts';

/** The ends of partitions, asked of the broker. */
export interface BrokerOffsets extends OthersOffsets {
  /** For each partition its end now; sets `startPosition` where nothing was read yet. */
  ends(partitions: readonly AssignedPartition[]): Promise<ReadonlyMap<AssignedPartition, number>>;
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
 * nothing is parked in memory. A partition that stands still though it could move is waited for no longer than
 * `maxWait`, and again once it moves.
 */
export class StageGate {
  #order: StageOrder;
  readonly #offsets: BrokerOffsets;
  readonly #blocks = new Map<AssignedPartition, Block>();
  readonly #clearedThrough = new WeakMap<AssignedPartition, number>();
  readonly #standing: Standstills;
  readonly #others: OthersGate;

  constructor(topics: readonly TopicStages[], offsets: BrokerOffsets, patience: Patience) {
    this.#offsets = offsets;
    this.#order = new StageOrder(topics);
    this.#standing = new Standstills(patience);
    this.#others = new OthersGate(this.#order, offsets, patience);
  }

  /** From now on these are the topics. */
  follow(topics: readonly TopicStages[]): void {
    this.#order = new StageOrder(topics);
    this.#others.follow(this.#order);
  }

  /** Whether the partition waits for others. */
  isBlocked(partition: AssignedPartition): boolean {
    return this.#blocks.has(partition) || this.#others.isBlocked(partition);
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
    const admitted = await this.#others.admit(partition, records.slice(0, passing), own);
    // With a block it counts as read up to there.
    if (block && admitted === passing) this.#blocks.set(partition, block);
    return admitted;
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
      const waitedFor = unread.filter(
        (other) =>
          block.timestamp >= this.#readUpTo(other, partition) && this.#isWorthWaiting(other),
      );
      if (waitedFor.length > 0) continue;
      // Their wait is over for good, whatever has come since.
      this.#clearedThrough.set(partition, unread.length === 0 ? block.lastOffset : block.offset);
      this.#blocks.delete(partition);
    }
  }

  /** Lets the partitions that wait for other members try again with their next batch. */
  lookAgain(): void {
    this.#others.lookAgain();
  }

  /** Milliseconds that have passed in which partitions of our own, and of others, could have moved. */
  pass({ own, others }: { readonly own: number; readonly others: number }): void {
    this.#standing.pass(own);
    this.#others.pass(others);
  }

  /** The group has given partitions anew: each may move now. */
  assigned(): void {
    this.#standing.clear();
    this.#others.assigned();
  }

  async #admitByOwn(
    partition: AssignedPartition,
    records: readonly SourceRecord[],
    assigned: readonly AssignedPartition[],
  ): Promise<{ readonly passing: number; readonly block?: Block }> {
    const earlier = this.#earlierThan(partition, assigned).filter(
      (other) => this.#rests(other) || !this.#standing.isGivenUp(waitedForOf(other)),
    );
    const all = records.length;
    const holdUp = (others: readonly AssignedPartition[]) =>
      this.#countPassing(partition, records, others) < all;
    if (!holdUp(earlier)) return { passing: all };
    const ends = await this.#offsets.ends(earlier).catch((thrown) => {
      for (const other of earlier) if (holdUp([other])) this.#isWorthWaiting(other);
      throw thrown;
    });
    const unread = earlier.filter((other) => !hasReached(other, ends));
    for (const other of earlier) {
      if (!unread.includes(other)) this.#standing.forget(waitedForOf(other));
    }
    const passing = this.#countPassing(partition, records, unread);
    const waiting = records[passing];
    const last = records.at(-1);
    if (!waiting || !last) return { passing };
    const { timestamp, offset } = waiting;
    return { passing, block: { timestamp, offset, lastOffset: last.offset, ends } };
  }

  #isWorthWaiting(other: AssignedPartition): boolean {
    if (!this.#rests(other)) return this.#standing.isWorthWaiting(waitedForOf(other));
    this.#standing.forget(waitedForOf(other));
    return true;
  }

  /** What waits itself may stand still, and so may what must not be read on. */
  #rests(partition: AssignedPartition): boolean {
    return this.isBlocked(partition) || partition.isTooFarAhead;
  }

  #earlierThan(
    partition: AssignedPartition,
    assigned: Iterable<AssignedPartition>,
  ): AssignedPartition[] {
    return Array.from(assigned).filter((other) => this.#waitsFor(partition, other));
  }

  #waitsFor(partition: AssignedPartition, other: AssignedPartition): boolean {
    return partition !== other && this.#order.needs(partition.topic, other.topic);
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

/** Whether it was read up to its end; one whose end wasn't asked for has come since, and isn't waited for. */
function hasReached(
  partition: AssignedPartition,
  ends: ReadonlyMap<AssignedPartition, number>,
): boolean {
  const end = ends.get(partition);
  const position = partition.position ?? partition.startPosition ?? 0;
  return end === undefined || position >= Math.min(end, partition.end);
}
