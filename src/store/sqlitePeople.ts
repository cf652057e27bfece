import type { DatabaseSync } from 'node:sqlite';
import { mostPersonRows, type PersonKeys, type PersonTables } from './people.ts';
import { type Run, transactionIn } from './sqliteDatabase.ts';

const isOfPerson = {
  clicks:
    'user_id IN (SELECT value FROM json_each(?)) OR click_id IN (SELECT value FROM json_each(?))',
  conversions:
    'user_key IN (SELECT value FROM json_each(?)) OR click_hash IN (SELECT value FROM json_each(?))',
};

/** The rows of people in an SQLite database. */
export function openPersonTables(database: DatabaseSync, run: Run): PersonTables {
  const transaction = transactionIn(database, run);
  const clicks = database.prepare(
    `SELECT user_id, click_id FROM user_attribution WHERE ${isOfPerson.clicks} LIMIT ${mostPersonRows}`,
  );
  const conversions = database.prepare(
    `SELECT user_key, click_hash FROM ledger WHERE ${isOfPerson.conversions} LIMIT ${mostPersonRows}`,
  );
  const removeClicks = database.prepare(`DELETE FROM user_attribution WHERE ${isOfPerson.clicks}`);
  const anonymize = database.prepare(
    `UPDATE ledger SET (click_hash, click_mask, click_at, user_key, trace_id) = (NULL, NULL, NULL, NULL, NULL)
     WHERE ${isOfPerson.conversions}`,
  );
  const ofClicks = ({ userKeys, clickIds }: PersonKeys) =>
    [JSON.stringify(userKeys), JSON.stringify(clickIds)] as const;
  const ofConversions = ({ userKeys, clickHashes }: PersonKeys) =>
    [JSON.stringify(userKeys), JSON.stringify(clickHashes)] as const;
  return {
    storedKey: (userKey) => userKey,
    clicks: (keys) =>
      run(() =>
        clicks.all(...ofClicks(keys)).map((row) => ({
          userKey: String(row['user_id']),
          clickId: String(row['click_id']),
        })),
      ),
    conversions: (keys) =>
      run(() =>
        conversions.all(...ofConversions(keys)).map((row) => ({
          userKey: optionalText(row['user_key']),
          clickHash: optionalText(row['click_hash']),
        })),
      ),
    forget: (keys) =>
      transaction(() => ({
        clicks: Number(removeClicks.run(...ofClicks(keys)).changes),
        conversions: Number(anonymize.run(...ofConversions(keys)).changes),
      })),
  };
}

function optionalText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
