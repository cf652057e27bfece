import type { SourceRecord } from '../kafka/partition.ts';
import type { Outcome } from './outcome.ts';

/** How a record ends: with an outcome, or without one, because it is no longer ours to give it one. */
export type Ending = Outcome | 'let go';

/** What is known of a record of which not every conversion has ended. */
interface Open {
  left: number;
  ending: Ending | undefined;
}

/**
 * The records that report several conversions. Each conversion ends by itself; its record ends once, with the
 * last of them, and with the weightiest of their outcomes.
 */
export class SharedRecords {
  readonly #open = new Map<SourceRecord, Open>();

  /** How many records have a conversion that has not ended. */
  get size(): number {
    return this.#open.size;
  }

  /** The record reports `conversions`, two or more. */
  share(record: SourceRecord, conversions: number): void {
    this.#open.set(record, { left: conversions, ending: undefined });
  }

  /** A conversion of the record has ended. Tells how the record does; undefined while others are open. */
  end(record: SourceRecord, ending: Ending): Ending | undefined {
    const open = this.#open.get(record);
    if (!open) return ending;
    open.left -= 1;
    open.ending = weightier(open.ending, ending);
    if (open.left > 0) return undefined;
    this.#open.delete(record);
    return open.ending;
  }
}

/** The one that came first, where they weigh the same. */
function weightier(one: Ending | undefined, other: Ending): Ending {
  return one !== undefined && weightOf(one) >= weightOf(other) ? one : other;
}

/** What was let go is read again, so its offset must stay open, whatever became of the rest. */
function weightOf(ending: Ending): number {
  if (ending === 'let go') return 5;
  if (ending.outcome === 'skipped') return ending.reason === 'recorded' ? 1 : 0;
  return { 'dead-lettered': 4, delivered: 3, duplicate: 2 }[ending.outcome];
}
