import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { type NativePostgres, nativePostgres } from '../native/postgres.ts';
import type { FaultyProxy } from './proxy.ts';

/** The kinds of store that a connector can have. */
export const storeKinds = ['sqlite', 'postgres'] as const;
export type StoreKind = (typeof storeKinds)[number];

/** The connector's store, and what may be done to it and seen of it past the connector. */
export interface ChaosStore {
  /** The setting `store`. */
  readonly setting: string;
  /** Keeps everybody else from writing to it, for so many milliseconds, as a backup or a shell does. */
  lock(milliseconds: number): Promise<void>;
  /** Observer L: the ledger as the last process has left it, its rows by state. */
  readLedger(): Promise<ReadonlyMap<string, number>>;
  /** Where the store is a database server, that; undefined where it is a file. */
  readonly server: DatabaseServer | undefined;
}

/** A database server that can be made to fail. */
export interface DatabaseServer extends Pick<NativePostgres, 'crash' | 'restart'> {
  /** Ends every connection of connectors, as an administrator or a fail-over does; returns how many. */
  terminateConnectors(): Promise<number>;
}

/** A SQLite file in this folder. */
export function sqliteStore(folder: string): ChaosStore {
  const file = join(folder, 'connector.db');
  return {
    setting: `sqlite:${file}`,
    async lock(milliseconds) {
      using database = new DatabaseSync(file, { timeout: 5_000 });
      database.exec('BEGIN IMMEDIATE');
      await sleep(milliseconds);
      database.exec('ROLLBACK');
    },
    async readLedger() {
      using database = new DatabaseSync(file, { readOnly: true });
      return toCounts(database.prepare(countStates('ledger')).all());
    },
    server: undefined,
  };
}

/** Starts a PostgreSQL server of the run's own, which the connector reaches through the proxy. */
export async function startPostgresStore(
  proxy: FaultyProxy,
  opened: AsyncDisposableStack,
): Promise<ChaosStore> {
  const server = await nativePostgres({ report: () => undefined });
  opened.defer(server.stop);
  const setting = new URL(server.url);
  proxy.leadTo(Number(setting.port));
  setting.port = String(proxy.port);
  return {
    setting: setting.href,
    lock: (milliseconds) =>
      withClient(server.url, async (client) => {
        // Of two that wait for each other the connector gives way.
        await client.query("BEGIN; SET LOCAL deadlock_timeout = '1min'");
        await client.query(`LOCK TABLE ${tables.join(', ')}`);
        await sleep(milliseconds);
        await client.query('ROLLBACK');
      }),
    readLedger: () =>
      withClient(server.url, async (client) =>
        toCounts((await client.query(countStates('powerspace.ledger'))).rows),
      ),
    server: {
      crash: server.crash,
      restart: server.restart,
      terminateConnectors: () =>
        withClient(server.url, async (client) => {
          const { rows } = await client.query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'powerspace-connector'",
          );
          return rows.length;
        }),
    },
  };
}

const tables = ['user_attribution', 'ledger', 'owner', 'work', 'crashed_work'].map(
  (name) => `powerspace.${name}`,
);

const countStates = (ledger: string) =>
  `SELECT state, count(*) AS count FROM ${ledger} GROUP BY state`;

function toCounts(rows: readonly Record<string, unknown>[]): ReadonlyMap<string, number> {
  return new Map(rows.map(({ state, count }) => [String(state), Number(count)]));
}

/** An own connection for each time: the server is restarted between. */
async function withClient<Result>(
  url: string,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
