import { mostPersonRows, type PersonTables } from './people.ts';
import { storedKey } from './postgresClicks.ts';
import type { PostgresDatabase, Statement } from './postgresDatabase.ts';

const isOfPerson = {
  clicks: 'user_id = ANY($1::text[]) OR click_id = ANY($2::text[])',
  conversions: 'user_key = ANY($1::text[]) OR click_hash = ANY($2::text[])',
};
const findClicks: Statement = {
  name: 'find-clicks-of-person',
  text: `SELECT user_id, click_id FROM user_attribution WHERE ${isOfPerson.clicks} LIMIT ${mostPersonRows}`,
};
const findConversions: Statement = {
  name: 'find-conversions-of-person',
  text: `SELECT user_key, click_hash FROM ledger WHERE ${isOfPerson.conversions} LIMIT ${mostPersonRows}`,
};
/** In the order in which the pipeline's statements take their rows, so that neither waits for the other for ever. */
const forget: Statement = {
  name: 'forget-person',
  text: `
  WITH found AS (
    SELECT user_id, click_id FROM user_attribution WHERE ${isOfPerson.clicks} ORDER BY user_id, click_id FOR UPDATE
  ), removed AS (
    DELETE FROM user_attribution USING found
    WHERE user_attribution.user_id = found.user_id AND user_attribution.click_id = found.click_id RETURNING 1
  ), noted AS (
    SELECT key FROM ledger WHERE user_key = ANY($1::text[]) OR click_hash = ANY($3::text[]) ORDER BY key FOR UPDATE
  ), anonymized AS (
    UPDATE ledger SET click_hash = NULL, click_mask = NULL, click_at = NULL, user_key = NULL, trace_id = NULL
    FROM noted WHERE ledger.key = noted.key RETURNING 1
  )
  SELECT (SELECT count(*) FROM removed) AS clicks, (SELECT count(*) FROM anonymized) AS conversions`,
};

/** The rows of people in a Postgres database. */
export function openPersonTables(database: PostgresDatabase): PersonTables {
  return {
    storedKey,
    async clicks({ userKeys, clickIds }) {
      const { rows } = await database.run(findClicks, [userKeys, clickIds]);
      return rows.map((row) => ({
        userKey: String(row['user_id']),
        clickId: String(row['click_id']),
      }));
    },
    async conversions({ userKeys, clickHashes }) {
      const { rows } = await database.run(findConversions, [userKeys, clickHashes]);
      return rows.map((row) => ({
        userKey: optionalText(row['user_key']),
        clickHash: optionalText(row['click_hash']),
      }));
    },
    async forget({ userKeys, clickIds, clickHashes }) {
      const { rows } = await database.run(forget, [userKeys, clickIds, clickHashes]);
      return {
        clicks: Number(rows[0]?.['clicks']),
        conversions: Number(rows[0]?.['conversions']),
      };
    },
  };
}

function optionalText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
