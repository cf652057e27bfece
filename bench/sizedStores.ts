import { existsSync } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';
import { parsePostgresUrl } from '../src/config/postgresUrl.ts';
import { openPostgresStore } from '../src/store/postgres.ts';
import { openSqliteStore } from '../src/store/sqlite.ts';
import type { Store } from '../src/store/store.ts';

/** A store with so many clicks. */
export interface SizedStore {
  readonly store: Store;
  readonly rows: number;
  /** Bytes of the clicks with their indexes. */
  readonly size: number;
}

/** User keys are as long as a UUID, and a step apart, so that absent ones lie evenly between those that are known. */
const uuidEnd = '-4a7c-4f11-9d3e-5b2f0c6a1e88';
/** Clicks in order of their keys that lie one after the other before time begins anew: any moment has keys of all kinds. */
const timeRuns = 1_000;
const second = 1_000;

/** The user key of a row, 0 up to `rows`; a fraction of a row has a key that no row has. */
export function keyOf(row: number, rows: number): string {
  const first = Math.floor(row * stepOf(rows));
  return first.toString(16).padStart(8, '0') + uuidEnd;
}

/** When the oldest `count` clicks end: a row for each second since 1970. */
export function endOfOldest(count: number): number {
  return count * second;
}

function stepOf(rows: number): number {
  return Math.floor(2 ** 32 / rows);
}

/** The SQLite store with so many clicks that was kept in that file, or else a new one. */
export async function takeSqlite(file: string, rows: number): Promise<SizedStore> {
  if (!existsSync(file)) {
    const unfinished = `${file}.unfinished`;
    await rm(unfinished, { force: true });
    await fillSqlite(unfinished, rows);
    await rename(unfinished, file);
    await rm(`${unfinished}.lock`);
  }
  return { store: openSqliteStore(file), rows, size: (await stat(file)).size };
}

async function fillSqlite(file: string, rows: number): Promise<void> {
  await openSqliteStore(file).close();
  const database = new DatabaseSync(file);
  database.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -262144');
  const indexes = database
    .prepare(
      "SELECT name, sql FROM sqlite_schema WHERE tbl_name = 'user_attribution' AND type = 'index' AND sql <> ''",
    )
    .all();
  for (const { name } of indexes) database.exec(`DROP INDEX ${name}`);
  database.exec(`INSERT INTO user_attribution (user_id, click_id, created_at)
    WITH RECURSIVE key (row) AS (SELECT 0 UNION ALL SELECT row + 1 FROM key WHERE row + 1 < ${rows})
    SELECT printf('%08x${uuidEnd}', row * ${stepOf(rows)}), printf('click-%032x', row),
      ((row % ${timeRuns}) * ${rows / timeRuns} + row / ${timeRuns}) * ${second} FROM key;
    UPDATE row_estimate SET rows = ${rows} WHERE name = 'user_attribution'`);
  // Entries in any order, row by row, would be read and written again and again.
  for (const { sql } of indexes) database.exec(String(sql));
  database.exec('PRAGMA journal_mode = WAL');
  database.close();
}

/** The Postgres store with so many clicks that was kept in that schema, or else a new one. Analyzed and vacuumed. */
export async function takePostgres(url: string, schema: string, rows: number): Promise<SizedStore> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    const store = await openPostgresStore({ ...parsePostgresUrl(url), schema });
    await client.query(`SET search_path = ${schema}; SET maintenance_work_mem = '1GB'`);
    const { rows: first } = await client.query('SELECT FROM user_attribution LIMIT 1');
    if (first.length === 0) await fillPostgres(client, rows);
    await client.query('VACUUM ANALYZE user_attribution');
    const { rows: sizes } = await client.query(
      "SELECT pg_total_relation_size('user_attribution') AS size",
    );
    return { store, rows, size: Number(sizes[0]?.size) };
  } finally {
    await client.end();
  }
}

/** Rows in the order of their time, then the indexes that the store has, whichever they are. */
async function fillPostgres(client: pg.Client, rows: number): Promise<void> {
  await client.query('BEGIN');
  const { rows: indexes } = await client.query<{ name: string; definition: string }>(
    `SELECT indexrelid::regclass AS name, pg_get_indexdef(indexrelid) AS definition
     FROM pg_index WHERE indrelid = 'user_attribution'::regclass`,
  );
  await client.query('ALTER TABLE user_attribution DROP CONSTRAINT user_attribution_pkey');
  for (const { name } of indexes) await client.query(`DROP INDEX IF EXISTS ${name}`);
  // In a table emptied by the same transaction a server without replicas writes rows once.
  await client.query(`TRUNCATE user_attribution; INSERT INTO user_attribution (user_id, click_id, created_at)
    SELECT lpad(to_hex(row * ${stepOf(rows)}::bigint), 8, '0') || '${uuidEnd}', 'click-' || lpad(to_hex(row), 32, '0'), at
    FROM (SELECT (at % ${rows / timeRuns}) * ${timeRuns} + at / ${rows / timeRuns} AS row, at * ${second}::bigint AS at
      FROM generate_series(0, ${rows - 1}) AS at) AS click`);
  for (const { definition } of indexes) await client.query(definition);
  await client.query('COMMIT');
}

/** Removes what `takePostgres` has left. */
export async function dropSchema(url: string, schema: string): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  await client.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
  await client.end();
}
