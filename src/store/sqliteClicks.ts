import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import { type Run, transactionIn } from './sqliteDatabase.ts';
import { openRowEstimate } from './sqliteRowEstimate.ts';
import type { Click, ClickStore } from './store.ts';

/** The clicks in an SQLite database. */
export function openClicks(database: DatabaseSync, run: Run): ClickStore {
  const transaction = transactionIn(database, run);
  const insert = database.prepare(
    `INSERT INTO user_attribution (user_id, click_id, created_at, linked_at) VALUES (?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET
       created_at = min(created_at, excluded.created_at),
       linked_at = min(coalesce(linked_at, created_at), coalesce(excluded.linked_at, excluded.created_at))
     WHERE excluded.created_at < created_at
        OR coalesce(excluded.linked_at, excluded.created_at) < coalesce(linked_at, created_at)`,
  );
  const purge = database.prepare(
    `DELETE FROM user_attribution WHERE (user_id, click_id) IN
       (SELECT user_id, click_id FROM user_attribution WHERE created_at < ? LIMIT ?)`,
  );
  const estimate = openRowEstimate(database);
  return {
    save: (clicks) =>
      transaction(() => {
        let changed = 0;
        for (const { userKey, clickId, at, linkedAt } of clicks) {
          changed += Number(insert.run(userKey, clickId, at, linkedAt ?? null).changes);
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

/** How they are looked up. */
export function createFind(database: DatabaseSync, run: Run): ClickStore['find'] {
  const select = database.prepare(
    // All columns: the table may be as an older version left it, with fewer.
    'SELECT * FROM user_attribution WHERE user_id IN (SELECT value FROM json_each(?))',
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
  const at = Number(row['created_at']);
  const linkedAt = Number(row['linked_at'] ?? at);
  const click = { userKey: String(row['user_id']), clickId: String(row['click_id']), at };
  return linkedAt > at ? { ...click, linkedAt } : click;
}
