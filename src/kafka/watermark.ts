/**
 * Of one partition: the offset below which every record that was read is settled, so that it may be
 * committed. Follows the order of arrival, not `offset + 1`: compaction and transactions leave gaps.
 */
export class Watermark {
  /** Insertion order is offset order, so the first is the lowest. */
  readonly #unsettled = new Set<number>();
  #position: number | undefined;

  /** Records that `offset` was read and must be settled. */
  read(offset: number): void {
    this.#unsettled.add(offset);
    this.#position = offset + 1;
  }

  /** Everything below `position` has been read or holds no record. */
  advance(position: number): void {
    this.#position = position;
  }

  /** The record at `offset` has its outcome. */
  settle(offset: number): void {
    this.#unsettled.delete(offset);
  }

  /** The offset to commit: the lowest that is not settled; undefined before anything was read. */
  get offset(): number | undefined {
    for (const lowest of this.#unsettled) return lowest;
    return this.#position;
  }

  /** How many offsets lie between the watermark and the last read: what a crash would read again. */
  get ahead(): number {
    return (this.#position ?? 0) - (this.offset ?? 0);
  }
}
