import { mostPersonRows, type PersonTables } from './people.ts';
import { storedKey } from './postgresClicks.ts';
import type { PostgresDatabase, Row, Statement } from './postgresDatabase.ts';

const clicksOfKeys: Statement = {
  name: 'find-clicks-of-person',
  text: `SELECT user_id, click_id FROM user_attribution WHERE user_id = ANY($1::text[]) LIMIT ${mostPersonRows}`,
};
const clicksOfIds: Statement = {
  name: 'find-clicks-by-id',
  text: `SELECT user_id, click_id FROM user_attribution WHERE click_id = ANY($1::text[]) LIMIT ${mostPersonRows}`,
};
const findConversions: Statement = {
  name: 'find-conversions-of-person',
  text: `SELECT key, user_key, click_hash FROM ledger
         WHERE user_key = ANY($1::text[]) OR click_hash = ANY($2::text[]) LIMIT ${mostPersonRows}`,
};
/** In the order in which the pipeline's statements take their rows, so that neither waits for the other for ever. */
const forget: Statement = {
  name: 'forget-person',
  text: `
  WITH found AS (
    SELECT user_id, click_id FROM user_attribution WHERE user_id = ANY($1::text[])
    ORDER BY user_id, click_id FOR UPDATE
  ), removed AS (
    DELETE FROM user_attribution USING found
    WHERE user_attribution.user_id = found.user_id AND user_attribution.click_id = found.click_id RETURNING 1
  ), noted AS (
    SELECT key FROM ledger WHERE key = ANY($2::bytea[]) ORDER BY key FOR UPDATE
  ), anonymized AS (
    UPDATE ledger SET click_hash = NULL, click_mask = NULL, click_at = NULL, user_key = NULL, trace_id = NULL
    FROM noted WHERE ledger.key = noted.key RETURNING 1
  )
  SELECT (SELECT count(*) FROM removed) AS clicks, (SELECT count(*) FROM anonymized) AS conversions`,
};

/** The rows of people in a Postgres database. */
export function openPersonTables(database: PostgresDatabase): PersonTables {
  const findClicks = async (statement: Statement, keys: readonly string[]) =>
    (await database.run(statement, [keys])).rows.map(toClickRow);
  return {
    storedKey,
    clicksOfKeys: (userKeys) => findClicks(clicksOfKeys, userKeys),
    clicksOfIds: (clickIds) => findClicks(clicksOfIds, clickIds),
    async conversions(userKeys, clickHashes) {
      const { rows } = await database.run(findConversions, [userKeys, clickHashes]);
      return rows.map(toConversionRow);
    },
    async forget(userKeys, ledgerKeys) {
      const [row] = (await database.run(forget, [userKeys, ledgerKeys])).rows;
      return { clicks: Number(row?.['clicks']), conversions: Number(row?.['conversions']) };
    },
  };
}

function toClickRow(row: Row) {
  return { userKey: String(row['user_id']), clickId: String(row['click_id']) };
}

function toConversionRow(row: Row) {
  return {
    key: row['key'] as Buffer,
    userKey: optionalText(row['user_key']),
    clickHash: optionalText(row['click_hash']),
  };
}

function optionalText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
