import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { onTestFinished } from 'vitest';

/** A part of a database that a test has for itself, empty at first. */
export interface OwnSchema {
  readonly name: string;
  /** The setting `store` that names it. */
  readonly setting: string;
  /** Runs SQL in it, past the store, as the owner of the database. */
  query(text: string, values?: readonly unknown[]): Promise<readonly Record<string, unknown>[]>;
}

/** It is dropped when the test ends. */
export async function ownSchema(url: string): Promise<OwnSchema> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  const pool = new pg.Pool({ connectionString: url, max: 2, options: `-c search_path=${name}` });
  pool.on('error', () => undefined);
  onTestFinished(async () => {
    await pool.query(`DROP SCHEMA IF EXISTS ${name} CASCADE`).catch(() => undefined);
    await pool.end();
  });
  return {
    name,
    setting: settingOf(url, { schema: name }),
    query: async (text, values = []) => (await pool.query(text, [...values])).rows ?? [],
  };
}

/** The address with some of its parts changed. */
export function settingOf(
  url: string,
  change: {
    readonly schema?: string;
    readonly host?: string;
    readonly port?: number;
    readonly username?: string;
    readonly password?: string;
    readonly database?: string;
  },
): string {
  const changed = new URL(url);
  if (change.schema !== undefined) changed.searchParams.set('schema', change.schema);
  if (change.host !== undefined) changed.hostname = change.host;
  if (change.port !== undefined) changed.port = String(change.port);
  if (change.username !== undefined) changed.username = change.username;
  if (change.password !== undefined) changed.password = change.password;
  if (change.database !== undefined) changed.pathname = `/${change.database}`;
  return changed.href;
}
