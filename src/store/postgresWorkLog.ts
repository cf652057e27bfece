import { toCrashedRange } from './crashedRow.ts';
import type { PostgresDatabase, Statement } from './postgresDatabase.ts';
import { isLiving } from './postgresLease.ts';
import type { WorkLog } from './store.ts';

const begin: Statement = {
  name: 'begin-work',
  text: `INSERT INTO work (owner, ranges) VALUES ($1, $2)
         ON CONFLICT (owner) DO UPDATE SET ranges = excluded.ranges`,
};
const end: Statement = { name: 'end-work', text: 'DELETE FROM work WHERE owner = $1' };
const addCrashes: Statement = {
  name: 'add-crashes',
  text: `
  WITH ended AS (
    DELETE FROM work WHERE owner <> $1 AND NOT ${isLiving('work.owner')} RETURNING ranges
  )
  INSERT INTO crashed_work AS known (topic, partition, first_offset, last_offset, crashes)
  SELECT range.topic, range.partition, range."firstOffset", range."lastOffset", count(*)
  FROM ended, jsonb_to_recordset(ended.ranges)
    AS range (topic text, partition integer, "firstOffset" bigint, "lastOffset" bigint)
  GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
  ON CONFLICT (topic, partition, first_offset, last_offset)
    DO UPDATE SET crashes = known.crashes + excluded.crashes`,
};
const readCrashes: Statement = {
  name: 'read-crashes',
  text: `SELECT topic, partition, first_offset, last_offset, crashes FROM crashed_work
         ORDER BY topic, partition, first_offset, last_offset`,
};
const forget: Statement = {
  name: 'forget-crashes',
  text: `DELETE FROM crashed_work WHERE (topic, partition, first_offset, last_offset) IN (
           SELECT * FROM unnest($1::text[], $2::integer[], $3::bigint[], $4::bigint[]))`,
};

/** The work log in a Postgres database, of this owner among others that live. */
export function openPostgresWorkLog(database: PostgresDatabase, owner: string): WorkLog {
  return {
    async begin(ranges) {
      await database.run(begin, [owner, JSON.stringify(ranges)]);
    },
    async end() {
      await database.run(end, [owner]);
    },
    async crashed() {
      await database.run(addCrashes, [owner]);
      const { rows } = await database.run(readCrashes, []);
      return rows.map(toCrashedRange);
    },
    async forget(ranges) {
      await database.run(forget, [
        ranges.map(({ topic }) => topic),
        ranges.map(({ partition }) => partition),
        ranges.map(({ firstOffset }) => firstOffset),
        ranges.map(({ lastOffset }) => lastOffset),
      ]);
    },
  };
}
