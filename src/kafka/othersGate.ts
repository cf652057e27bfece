import type { AssignedPartition, SourceRecord } from './partition.ts';
import type { StageOrder } from './stageOrder.ts';
import { type Patience, Standstills, type WaitedFor } from './standstills.ts';

/** How far other members have come, asked of the broker. */
export interface OthersOffsets {
  /**
   * The partitions of these topics that are not `own`, and that the group has not joined up to their first
   * record with the timestamp given for the topic, or a later one.
   */
  othersBehind(
    timestamps: ReadonlyMap<string, number>,
    own: readonly AssignedPartition[],
  ): Promise<readonly WaitedFor[]>;
}

/**
 * Lets through the records for which the partitions of other members are joined far enough. The others wait until
 * the next look, since nothing tells when those have come further.
 */
export class OthersGate {
  readonly #offsets: OthersOffsets;
  readonly #standing: Standstills;
  readonly #waiting = new Set<AssignedPartition>();
  #order: StageOrder;

  constructor(order: StageOrder, offsets: OthersOffsets, patience: Patience) {
    this.#order = order;
    this.#offsets = offsets;
    this.#standing = new Standstills(patience);
  }

  /** From now on these are the topics. */
  follow(order: StageOrder): void {
    this.#order = order;
  }

  /** Whether the partition waits for the next look. */
  isBlocked(partition: AssignedPartition): boolean {
    return this.#waiting.has(partition);
  }

  /**
   * How many of these records, from the first on, may go on now. What all of them need is asked first: that is the
   * common case. Rejects when the broker doesn't tell.
   */
  async admit(
    partition: AssignedPartition,
    records: readonly SourceRecord[],
    own: readonly AssignedPartition[],
  ): Promise<number> {
    const [first] = records;
    if (!first) return 0;
    const latest = records.reduce((max, { timestamp }) => Math.max(max, timestamp), 0);
    if (await this.#arePast(partition, latest, own)) return records.length;
    this.#waiting.add(partition);
    if (!(await this.#arePast(partition, first.timestamp, own))) return 0;
    const waiting = records.findIndex(({ timestamp }) => timestamp > first.timestamp);
    return waiting === -1 ? records.length : waiting;
  }

  /** Lets the partitions that wait try again with their next batch. */
  lookAgain(): void {
    this.#waiting.clear();
  }

  /** So many milliseconds have passed in which the partitions of others could have moved. */
  pass(milliseconds: number): void {
    this.#standing.pass(milliseconds);
  }

  /** The group has given partitions anew: each may move now. */
  assigned(): void {
    this.#standing.clear();
  }

  async #arePast(
    { topic }: AssignedPartition,
    timestamp: number,
    own: readonly AssignedPartition[],
  ): Promise<boolean> {
    const needed = this.#order.neededBy(topic, timestamp);
    if (needed.size === 0) return true;
    const behind = await this.#offsets.othersBehind(needed, own);
    return behind.filter((other) => this.#standing.isWorthWaiting(other)).length === 0;
  }
}
