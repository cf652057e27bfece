import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import { type Run, transactionIn } from './sqliteDatabase.ts';
import type { Click, ClickStore } from './store.ts';

/** The clicks in an SQLite database. */
export function openClicks(database: DatabaseSync, run: Run): ClickStore {
  const transaction = transactionIn(database, run);
  const insert = database.prepare(
    `INSERT INTO user_attribution (user_id, click_id, created_at) VALUES (?, ?, ?)
     ON CONFLICT DO UPDATE SET created_at = excluded.created_at WHERE excluded.created_at < created_at`,
  );
  const purge = database.prepare(
    `DELETE FROM user_attribution WHERE (user_id, click_id) IN
       (SELECT user_id, click_id FROM user_attribution WHERE created_at < ? LIMIT ?)`,
  );
  const estimate = createEstimate(database);
  return {
    save: (clicks) =>
      transaction(() => {
        let changed = 0;
        for (const { userKey, clickId, at } of clicks) {
          changed += Number(insert.run(userKey, clickId, at).changes);
        }
        estimate.add(changed);
      }),
    find: createFind(database, run),
    purge: (before, limit) =>
      transaction(() => {
        const removed = Number(purge.run(before, limit).changes);
        estimate.add(-removed);
        return removed;
      }),
    count: () => run(estimate.read),
  };
}

/** Up to so many rows are counted. */
const mostCounted = 100_000;

/**
 * How many clicks there are: exact up to 100,000, and beyond by a tally, since counting 50 million would hold
 * everything up for seconds. The tally takes a click that got an earlier time for a new one; that is rare.
 */
function createEstimate(database: DatabaseSync) {
  const add = database.prepare(
    "UPDATE row_estimate SET rows = rows + ? WHERE name = 'user_attribution'",
  );
  const read = database.prepare(
    `SELECT (SELECT count(*) FROM (SELECT 1 FROM user_attribution LIMIT ${mostCounted + 1})) AS counted,
            (SELECT rows FROM row_estimate WHERE name = 'user_attribution') AS estimate`,
  );
  return {
    add(rows: number): void {
      if (rows !== 0) add.run(rows);
    },
    read(): number {
      const row = read.get();
      const counted = Number(row?.['counted']);
      return counted <= mostCounted ? counted : Math.max(Number(row?.['estimate']), counted);
    },
  };
}

/** How they are looked up. */
export function createFind(database: DatabaseSync, run: Run): ClickStore['find'] {
  const select = database.prepare(
    'SELECT user_id, click_id, created_at FROM user_attribution WHERE user_id IN (SELECT value FROM json_each(?))',
  );
  // The time of an event may be any number; beyond 2^53 SQLite gives it as a bigint only.
  select.setReadBigInts(true);
  return (userKeys) =>
    run(() => {
      const found = new Map<string, Click[]>();
      for (const row of select.all(JSON.stringify(userKeys))) {
        const click = toClick(row);
        const known = found.get(click.userKey);
        if (known) known.push(click);
        else found.set(click.userKey, [click]);
      }
      return found;
    });
}

function toClick(row: Record<string, SQLOutputValue>): Click {
  return {
    userKey: String(row['user_id']),
    clickId: String(row['click_id']),
    at: Number(row['created_at']),
  };
}
