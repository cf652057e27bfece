import type { CrashedRange } from './store.ts';

/** A crashed range from its row, which has the same columns in every database. */
export function toCrashedRange(row: Record<string, unknown>): CrashedRange {
  return {
    topic: String(row['topic']),
    partition: Number(row['partition']),
    firstOffset: Number(row['first_offset']),
    lastOffset: Number(row['last_offset']),
    crashes: Number(row['crashes']),
  };
}
