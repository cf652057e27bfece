import type { HashKeyNote } from './hashKey.ts';
import type { PostgresDatabase, Statement } from './postgresDatabase.ts';

const read: Statement = { name: 'read-hash-key', text: 'SELECT fingerprint FROM hash_key' };
const write: Statement = {
  name: 'write-hash-key',
  text: 'INSERT INTO hash_key (id, fingerprint) VALUES (1, $1) ON CONFLICT (id) DO NOTHING',
};
const hasClicks: Statement = {
  name: 'has-clicks',
  text: 'SELECT EXISTS (SELECT FROM user_attribution) AS has_clicks',
};

/** The note in a Postgres database. */
export function openPostgresHashKeyNote(database: PostgresDatabase): HashKeyNote {
  return {
    async read() {
      const { rows } = await database.run(read, []);
      return rows[0] && String(rows[0]['fingerprint']);
    },
    async write(fingerprint) {
      await database.run(write, [fingerprint]);
    },
    async hasClicks() {
      const { rows } = await database.run(hasClicks, []);
      return rows[0]?.['has_clicks'] === true;
    },
  };
}
