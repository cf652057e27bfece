import type { SourceRecord } from '../kafka/partition.ts';

/** Records and bytes that may wait for their outcome at once (design §3). */
export interface IntakeLimits {
  readonly records: number;
  readonly bytes: number;
}

/**
 * A conversion that waits takes 2.7 KB beside its payload. Both limits together stay below the 50 MB by which an
 * outage may make the process grow, whatever the size of the records.
 */
export const defaultIntakeLimits: IntakeLimits = { records: 10_000, bytes: 16 * 1024 * 1024 };

/**
 * What was read and has no outcome yet. Full, it asks for a pause; half empty, for more. Holds records from
 * being read until they are released, whichever step has them.
 */
export class Intake {
  readonly #limits: IntakeLimits;
  readonly #queue: (readonly SourceRecord[])[] = [];
  #heldRecords = 0;
  #heldBytes = 0;
  #isFull = false;
  #wake: (() => void) | undefined;
  #isClosed = false;
  /** Called when it is full, and again when it has room. */
  onFull: () => void = () => {};
  onRoom: () => void = () => {};

  constructor(limits: IntakeLimits = defaultIntakeLimits) {
    this.#limits = limits;
  }

  /** Records that have no outcome yet. */
  get heldRecords(): number {
    return this.#heldRecords;
  }

  /** How many more records it has room for, however large they are. */
  get room(): number {
    if (this.#heldBytes >= this.#limits.bytes) return 0;
    return Math.max(this.#limits.records - this.#heldRecords, 0);
  }

  /** Takes records in, in order. Never refuses: whoever reads must heed `onFull`. */
  add(records: readonly SourceRecord[]): void {
    if (this.#isClosed || records.length === 0) return;
    this.#queue.push(records);
    this.#heldRecords += records.length;
    for (const record of records) this.#heldBytes += record.size;
    this.#wake?.();
    if (this.#isFull || !this.#isAbove(1)) return;
    this.#isFull = true;
    this.onFull();
  }

  /**
   * Up to `limit` records, oldest first, as soon as there are any; undefined once it is closed. Those of
   * partitions that were revoked meanwhile are let go: their owner reads them again.
   */
  async take(limit: number): Promise<readonly SourceRecord[] | undefined> {
    while (this.#queue.length === 0 && !this.#isClosed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#isClosed) return undefined;
    const chunk: SourceRecord[] = [];
    while (chunk.length < limit) {
      const records = this.#queue.shift();
      if (!records) break;
      const room = limit - chunk.length;
      if (records.length > room) this.#queue.unshift(records.slice(room));
      chunk.push(...records.slice(0, room));
    }
    return chunk.filter((record) => {
      if (record.source.isRevoked) this.release(record);
      return !record.source.isRevoked;
    });
  }

  /** The record has its outcome, or is no longer ours to give it one. */
  release(record: SourceRecord): void {
    this.#heldRecords -= 1;
    this.#heldBytes -= record.size;
    if (!this.#isFull || this.#isClosed || this.#isAbove(0.5)) return;
    this.#isFull = false;
    this.onRoom();
  }

  /** Ends `take` and asks for nothing more. What was not taken is read again by whoever owns its partition next. */
  close(): void {
    this.#isClosed = true;
    this.#wake?.();
  }

  #isAbove(share: number): boolean {
    return (
      this.#heldRecords >= this.#limits.records * share ||
      this.#heldBytes >= this.#limits.bytes * share
    );
  }
}
