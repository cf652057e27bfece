import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import { mostPersonRows, type PersonTables } from './people.ts';
import { type Run, transactionIn } from './sqliteDatabase.ts';
import { openRowEstimate } from './sqliteRowEstimate.ts';

/** The rows of people in an SQLite database. */
export function openPersonTables(database: DatabaseSync, run: Run): PersonTables {
  const transaction = transactionIn(database, run);
  const clicksBy = (column: string) =>
    database.prepare(
      `SELECT user_id, click_id FROM user_attribution WHERE ${column} IN (SELECT value FROM json_each(?))
       LIMIT ${mostPersonRows}`,
    );
  const [byUserKey, byClickId] = [clicksBy('user_id'), clicksBy('click_id')];
  const conversions = database.prepare(
    `SELECT key, user_key, click_hash FROM ledger
     WHERE user_key IN (SELECT value FROM json_each(?)) OR click_hash IN (SELECT value FROM json_each(?))
     LIMIT ${mostPersonRows}`,
  );
  const removeClicks = database.prepare('DELETE FROM user_attribution WHERE user_id = ?');
  const anonymize = database.prepare(
    `UPDATE ledger SET (click_hash, click_mask, click_at, user_key, trace_id) = (NULL, NULL, NULL, NULL, NULL)
     WHERE key = ?`,
  );
  const estimate = openRowEstimate(database);
  return {
    storedKey: (userKey) => userKey,
    clicksOfKeys: (userKeys) => run(() => byUserKey.all(JSON.stringify(userKeys)).map(toClickRow)),
    clicksOfIds: (clickIds) => run(() => byClickId.all(JSON.stringify(clickIds)).map(toClickRow)),
    conversions: (userKeys, clickHashes) =>
      run(() =>
        conversions.all(JSON.stringify(userKeys), JSON.stringify(clickHashes)).map(toConversionRow),
      ),
    forget: (userKeys, ledgerKeys) =>
      transaction(() => {
        let [clicks, noted] = [0, 0];
        for (const userKey of userKeys) clicks += Number(removeClicks.run(userKey).changes);
        estimate.add(-clicks);
        for (const key of ledgerKeys) noted += Number(anonymize.run(key).changes);
        return { clicks, conversions: noted };
      }),
  };
}

function toClickRow(row: Record<string, SQLOutputValue>) {
  return { userKey: String(row['user_id']), clickId: String(row['click_id']) };
}

function toConversionRow(row: Record<string, SQLOutputValue>) {
  return {
    key: Buffer.from(row['key'] as Uint8Array),
    userKey: optionalText(row['user_key']),
    clickHash: optionalText(row['click_hash']),
  };
}

function optionalText(value: SQLOutputValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
