import type { DatabaseSync } from 'node:sqlite';

/** Up to so many rows are counted. */
const mostCounted = 100_000;

/**
 * How many clicks there are: exact up to 100,000, and beyond by a tally, since counting 50 million would hold
 * everything up for seconds. The tally takes a click whose times became earlier for a new one; that is rare.
 */
export function openRowEstimate(database: DatabaseSync) {
  const add = database.prepare(
    "UPDATE row_estimate SET rows = rows + ? WHERE name = 'user_attribution'",
  );
  const read = database.prepare(
    `SELECT (SELECT count(*) FROM (SELECT 1 FROM user_attribution LIMIT ${mostCounted + 1})) AS counted,
            (SELECT rows FROM row_estimate WHERE name = 'user_attribution') AS estimate`,
  );
  return {
    /** So many rows came; negative, went. */
    add(rows: number): void {
      if (rows !== 0) add.run(rows);
    },
    /** How many there are. */
    read(): number {
      const row = read.get();
      const counted = Number(row?.['counted']);
      return counted <= mostCounted ? counted : Math.max(Number(row?.['estimate']), counted);
    },
  };
}
