import type { PostgresAddress } from '../config/postgresUrl.ts';
import { openPostgresDatabase, type Statement } from './postgresDatabase.ts';
import { storeProblem } from './postgresErrors.ts';
import { hasTables, isMigrated } from './postgresMigrations.ts';
import {
  type SettledByKind,
  settledParameters,
  settledStatement,
  type TimeSpan,
  toSettledByKind,
} from './settledCounts.ts';

/** How long it may take over a large ledger on a slow disk, in milliseconds. */
const patience = 600_000;

/** What `countPostgresSettled` runs; not prepared, as it runs once. */
export const postgresSettledStatement: Statement = {
  name: '',
  text: settledStatement({
    time: (parameter) => `to_timestamp($${parameter}::double precision / 1000)`,
    hasAmbiguousAttempt: `history @> '[{"class": "ambiguous"}]'`,
  }),
};

/**
 * Counts what was settled, also beside replicas that run: nothing is written or locked. Undefined while the tables are
 * not there. Throws as opening the store does.
 */
export async function countPostgresSettled(
  address: PostgresAddress,
  span: TimeSpan,
): Promise<SettledByKind | undefined> {
  const database = openPostgresDatabase(address, {
    ...{ connections: 1, durability: 'none', statementTimeout: patience },
  });
  try {
    if (!(await hasTables(database))) return undefined;
    if (!(await isMigrated(database))) throw storeProblem(olderVersion);
    const { rows } = await database.run(postgresSettledStatement, settledParameters(span));
    return toSettledByKind(rows);
  } finally {
    await database.close();
  }
}

const olderVersion =
  'its tables are as an older version left them; run the connector of this version on it once';
