import { hash } from 'node:crypto';
import { estimateRows } from './postgresCount.ts';
import type { PostgresDatabase, Statement } from './postgresDatabase.ts';
import type { Click, ClickStore } from './store.ts';

// Rows go there as one JSON text: node-postgres writes arrays element by element, which costs several times as much.

/** In order, so that two replicas that save the same clicks never wait for each other. */
const save: Statement = {
  name: 'save-clicks',
  text: `INSERT INTO user_attribution AS known (user_id, click_id, created_at, linked_at)
         SELECT user_id, click_id, min(created_at), nullif(min(linked_at), min(created_at))
         FROM json_to_recordset($1) AS click (user_id text, click_id text, created_at bigint, linked_at bigint)
         GROUP BY user_id, click_id ORDER BY user_id COLLATE "C", click_id COLLATE "C"
         ON CONFLICT (user_id, click_id) DO UPDATE SET
           created_at = least(known.created_at, excluded.created_at),
           linked_at = least(coalesce(known.linked_at, known.created_at),
                             coalesce(excluded.linked_at, excluded.created_at))
         WHERE excluded.created_at < known.created_at
            OR coalesce(excluded.linked_at, excluded.created_at)
               < coalesce(known.linked_at, known.created_at)`,
};
/**
 * A probe for each key, whatever the planner takes the number of keys for: joined freely, or by `= ANY`, it may read
 * all of a table of 100,000 rows. No array can be looked up in a hash index, and that is the one to use.
 */
const find: Statement = {
  name: 'find-clicks',
  // All columns: the table may be as an older version left it, with fewer.
  text: `SELECT asked.place, known.* FROM (
           SELECT key, min(place) AS place
           FROM json_array_elements_text($1) WITH ORDINALITY AS each (key, place) GROUP BY key
         ) AS asked, LATERAL (
           SELECT * FROM user_attribution WHERE user_id = asked.key COLLATE "C" OFFSET 0
         ) AS known`,
};
/** What another replica removes is passed over, not waited for. */
const purge: Statement = {
  name: 'purge-clicks',
  text: `DELETE FROM user_attribution WHERE ctid = ANY(ARRAY(
           SELECT ctid FROM user_attribution WHERE created_at < $1
           ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED))`,
};
const newest: Statement = {
  name: 'newest-click',
  text: 'SELECT max(created_at) AS newest FROM user_attribution WHERE created_at <= $1',
};

/** The clicks in a Postgres database. */
export function openPostgresClicks(database: PostgresDatabase): ClickStore {
  return {
    async save(clicks) {
      if (clicks.length === 0) return;
      const rows = clicks.map(({ userKey, clickId, at, linkedAt = at }) => ({
        ...{ user_id: storedKey(userKey), click_id: clickId },
        ...{ created_at: storedTime(at), linked_at: storedTime(linkedAt) },
      }));
      await database.run(save, [JSON.stringify(rows)]);
    },
    async find(userKeys) {
      const found = new Map<string, Click[]>();
      if (userKeys.length === 0) return found;
      const { rows } = await database.run(find, [JSON.stringify(userKeys.map(storedKey))]);
      for (const row of rows) {
        const userKey = userKeys[Number(row['place']) - 1] ?? '';
        const at = Number(row['created_at']);
        const linkedAt = Number(row['linked_at'] ?? at);
        const clickId = String(row['click_id']);
        const click = { userKey, clickId, at, ...(linkedAt > at && { linkedAt }) };
        const known = found.get(userKey);
        if (known) known.push(click);
        else found.set(userKey, [click]);
      }
      return found;
    },
    async purge(before, limit) {
      const { rowCount } = await database.run(purge, [storedTime(before), limit]);
      return rowCount ?? 0;
    },
    count: () => estimateRows(database, 'user_attribution'),
    async newest(until) {
      const { rows } = await database.run(newest, [storedTime(until)]);
      const at = rows[0]?.['newest'];
      return at === null ? undefined : Number(at);
    },
  };
}

/** Stands before the hash of a user key; no text begins with this noncharacter. */
const hashed = '\u{10ffff}';
/** Bytes of the longest user key that is stored as it is: with a click id it has to fit an index entry (2,704). */
const longestKey = 1_024;

/** A user key as a column can hold it: what Postgres takes for no text, or for too long a one, is hashed. */
export function storedKey(userKey: string): string {
  const isPlain =
    userKey.isWellFormed() &&
    !userKey.includes('\0') &&
    !userKey.startsWith(hashed) &&
    Buffer.byteLength(userKey) <= longestKey;
  return isPlain ? userKey : hashed + hash('sha256', Buffer.from(userKey, 'utf16le'));
}

const longest = 2n ** 63n - 1n;

/** A time as a bigint can hold it, which that of an event need not be. */
export function storedTime(at: number): string {
  const whole = BigInt(Math.trunc(at));
  if (whole > longest) return String(longest);
  return String(whole < -longest ? -longest : whole);
}
