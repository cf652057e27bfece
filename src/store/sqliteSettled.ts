import { DatabaseSync } from 'node:sqlite';
import { UnavailableError } from '../errors.ts';
import { sqliteMigrations } from './migrations.ts';
import {
  type SettledByKind,
  settledParameters,
  settledStatement,
  type TimeSpan,
  toSettledByKind,
} from './settledCounts.ts';
import { guard } from './sqliteDatabase.ts';

/** What `countSqliteSettled` runs. */
export const sqliteSettledStatement = settledStatement({
  time: (parameter) => `?${parameter}`,
  hasAmbiguousAttempt: `history LIKE '%"class":"ambiguous"%'`,
});

/** Counts what was settled, also beside a connector that runs: nothing is written or locked. Throws UnavailableError. */
export function countSqliteSettled(file: string, span: TimeSpan): SettledByKind {
  return guard(file, () => {
    using database = new DatabaseSync(file, { readOnly: true, timeout: 1_000 });
    const { user_version: version } = database.prepare('PRAGMA user_version').get() ?? {};
    if (Number(version) < sqliteMigrations.length) {
      throw new UnavailableError(`store sqlite:${file}`, olderVersion);
    }
    const statement = database.prepare(sqliteSettledStatement);
    return toSettledByKind(statement.all(...settledParameters(span)));
  });
}

const olderVersion =
  'it is as an older version left it; run the connector of this version on it once';
