import type { PostgresDatabase, Statement } from './postgresDatabase.ts';

/** Up to so many rows are counted; of more, the server's own estimate is given. */
const mostCounted = 100_000;

const statements: Readonly<Record<'user_attribution' | 'ledger', Statement>> = {
  user_attribution: counting('user_attribution'),
  ledger: counting('ledger'),
};

/**
 * How many rows a table has: exact up to 100,000, and beyond as the server's last VACUUM or ANALYZE has it, since
 * counting 50 million takes a minute.
 */
export async function estimateRows(
  database: PostgresDatabase,
  table: keyof typeof statements,
): Promise<number> {
  const { rows } = await database.run(statements[table], []);
  const counted = Number(rows[0]?.['counted']);
  return counted <= mostCounted ? counted : Math.max(Number(rows[0]?.['estimate']), counted);
}

function counting(table: string): Statement {
  return {
    name: `count-${table}`,
    text: `SELECT (SELECT count(*) FROM (SELECT FROM ${table} LIMIT ${mostCounted + 1}) AS rows) AS counted,
                  (SELECT reltuples::bigint FROM pg_class WHERE oid = '${table}'::regclass) AS estimate`,
  };
}
