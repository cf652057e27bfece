import { randomBytes } from 'node:crypto';
import { createPool, type Pool } from 'mysql2/promise';
import { onTestFinished } from 'vitest';
import { type ClickTableSettings, openClickTable } from '../../src/store/clickTable.ts';
import type { Click } from '../../src/store/store.ts';
import type { NewClicks } from '../store/lookUp.ts';
import { ownSchema, settingOf } from './ownSchema.ts';

/** A part of a database that a test has for itself, for a table as users have them. */
export interface OwnTable {
  /** Names the table `user_attribution` in it. */
  readonly settings: ClickTableSettings;
  /** What the table is called in SQL. */
  readonly name: string;
  /** Runs SQL, as the owner of the database. */
  query(text: string, values?: readonly unknown[]): Promise<unknown>;
}

const columns = { user: 'user_id', click: 'click_id', at: 'created_at' };

/** In PostgreSQL: a schema, which is dropped when the test ends. */
export async function ownPostgresTable(url: string): Promise<OwnTable> {
  const schema = await ownSchema(url);
  await schema.query(`CREATE SCHEMA ${schema.name}`);
  const name = `${schema.name}.user_attribution`;
  return { settings: { url, name, columns }, name, query: schema.query };
}

/** In MariaDB: a database, which is dropped when the test ends. */
export async function ownMariadbTable(url: string): Promise<OwnTable> {
  const database = `test_${randomBytes(6).toString('hex')}`;
  const pool = mariadbPool(url);
  onTestFinished(async () => {
    await pool.query(`DROP DATABASE IF EXISTS ${database}`).catch(() => undefined);
    await pool.end();
  });
  await pool.query(`CREATE DATABASE ${database} CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci`);
  const name = `${database}.user_attribution`;
  return {
    settings: { url: settingOf(url, { database }), name: 'user_attribution', columns },
    name,
    query: async (text, values = []) => (await pool.query(text, [...values]))[0],
  };
}

function mariadbPool(url: string): Pool {
  const { hostname, port, username, password } = new URL(url);
  return createPool({
    ...{ host: hostname, port: Number(port), user: username, password },
    ...{ connectionLimit: 2, charset: 'utf8mb4', timezone: 'Z' },
  });
}

/** A way to new tables with such columns, and with clicks in them. */
export function tablesWith(
  open: () => Promise<OwnTable>,
  definition: string,
  storedTime: (at: number) => unknown = (at) => new Date(at),
): NewClicks {
  return async (clicks) => {
    const table = await open();
    await table.query(`CREATE TABLE ${table.name} (${definition})`);
    await insertClicks(table, clicks, storedTime);
    return openClickTable(table.settings);
  };
}

/** Puts rows in. */
export async function insertClicks(
  { name, query, settings }: OwnTable,
  clicks: readonly Click[],
  storedTime: (at: number) => unknown = (at) => new Date(at),
): Promise<void> {
  const isPostgres = settings.url.startsWith('postgres');
  const rows = clicks.map((_, index) => {
    const places = [1, 2, 3].map((place) => (isPostgres ? `$${index * 3 + place}` : '?'));
    return `(${places.join(', ')})`;
  });
  const values = clicks.flatMap(({ userKey, clickId, at }) => [userKey, clickId, storedTime(at)]);
  await query(
    `INSERT INTO ${name} (user_id, click_id, created_at) VALUES ${rows.join(', ')}`,
    values,
  );
}
