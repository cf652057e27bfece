import type { DatabaseSync } from 'node:sqlite';
import type { HashKeyNote } from './hashKey.ts';
import type { Run } from './sqliteDatabase.ts';

/** The note in an SQLite database; in one that an older connector has made there is none. */
export function openHashKeyNote(database: DatabaseSync, run: Run): HashKeyNote {
  const first = (sql: string, ...values: string[]) => database.prepare(sql).get(...values);
  return {
    read: () =>
      run(() => {
        const table = first("SELECT name FROM sqlite_schema WHERE name = 'hash_key'");
        const note = table && first('SELECT fingerprint FROM hash_key');
        return note && String(note['fingerprint']);
      }),
    write: (fingerprint) =>
      run(() => {
        first(
          'INSERT INTO hash_key (id, fingerprint) VALUES (1, ?) ON CONFLICT DO NOTHING',
          fingerprint,
        );
      }),
    hasClicks: () => run(() => first('SELECT 1 FROM user_attribution LIMIT 1') !== undefined),
  };
}
