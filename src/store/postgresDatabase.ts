import { readFileSync } from 'node:fs';
import pg, { type PoolConfig, type QueryResult } from 'pg';
import type { PostgresAddress } from '../config/postgresUrl.ts';
import { toError } from '../errors.ts';
import { explainPostgresError, settingProblem } from './postgresErrors.ts';

/** The server ends a statement that waits longer for a lock; milliseconds. */
const lockTimeout = 4_000;
/** How much longer than the server works an answer is waited for, if the server or the way to it hangs. */
const answerMargin = 2_000;
const connectTimeout = 5_000;

/** A statement that is prepared under its name, once a connection; each time anew where that is empty. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

/** A row, by the names of its columns. */
export type Row = Record<string, unknown>;

/** What a connection in a transaction can do. */
export interface Transaction {
  /** Runs statements without parameters. */
  run(text: string): Promise<readonly Row[]>;
}

/** Connections to one database; every call throws as explainPostgresError says. */
export interface PostgresDatabase {
  readonly schema: string;
  /** As a person would call it; without user and password. */
  readonly part: string;
  run(statement: Statement, values: readonly unknown[]): Promise<QueryResult<Row>>;
  transaction<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
}

/** How connections are made. */
export interface DatabaseOptions {
  /** Connections at most. */
  readonly connections: number;
  /** Whether a commit waits for the server's disk; `none` where nothing may be written. */
  readonly durability: 'disk' | 'memory' | 'none';
  /** How long the server works on a statement at most, in milliseconds. */
  readonly statementTimeout?: number;
  /** What it is to the connector, where it isn't the store, and the setting that names it. */
  readonly use?: { readonly name: string; readonly setting: string };
}

/** Connects when the first statement is run, and again whenever connections were lost. */
export function openPostgresDatabase(
  address: PostgresAddress,
  {
    connections,
    durability,
    statementTimeout = 10_000,
    use = { name: 'store', setting: 'store' },
  }: DatabaseOptions,
): PostgresDatabase {
  const part = `${use.name} ${describeAddress(address)}`;
  const pool = new pg.Pool({
    ...connectionOf(address, use.setting),
    max: connections,
    statement_timeout: statementTimeout,
    query_timeout: statementTimeout + answerMargin,
    idleTimeoutMillis: 60_000,
    // What a connection has planned while a table was small stays planned: it must not read all of it once it is large.
    options: [
      '-c enable_seqscan=off',
      '-c jit=off',
      `-c search_path=${address.schema}`,
      `-c lock_timeout=${lockTimeout}`,
      `-c synchronous_commit=${durability === 'disk' ? 'on' : 'off'}`,
      `-c default_transaction_read_only=${durability === 'none' ? 'on' : 'off'}`,
    ].join(' '),
  });
  // A connection that nobody uses was lost: the next statement gets another. Unheard, it would end the process.
  pool.on('error', () => undefined);
  const guard = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    try {
      return await work();
    } catch (thrown) {
      throw explainPostgresError(part, thrown, use.setting);
    }
  };
  return {
    ...{ part, schema: address.schema },
    run: ({ name, text }, values) => guard(() => pool.query({ name, text, values: [...values] })),
    transaction: (work) => guard(() => inTransaction(pool, work)),
    close: () => (pool.ended ? Promise.resolve() : pool.end()),
  };
}

/** The address without its secrets. */
export function describeAddress({ host, port, database }: PostgresAddress): string {
  return `postgres://${host}:${port}/${database}`;
}

function connectionOf(address: PostgresAddress, setting: string): PoolConfig {
  const { host, port, user, password, database, tls, rootCertificate } = address;
  const authorities = rootCertificate ? { ca: readCertificate(rootCertificate, setting) } : {};
  return {
    ...{ host, port, user, password, database },
    ssl: tls && { rejectUnauthorized: true, ...authorities },
    application_name: 'powerspace-connector',
    connectionTimeoutMillis: connectTimeout,
    keepAlive: true,
  };
}

/** Throws ConfigurationError, naming the setting, where it can't be read. */
export function readCertificate(file: string, setting: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (thrown) {
    throw settingProblem(
      setting,
      `the file of sslrootcert cannot be read: ${toError(thrown).message}`,
    );
  }
}

async function inTransaction<Result>(
  pool: pg.Pool,
  work: (transaction: Transaction) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect();
  let failure: Error | undefined;
  // Lost meanwhile, it fails the statement under way, or the next.
  const onError = (error: Error) => {
    failure = error;
  };
  client.on('error', onError);
  try {
    await client.query('BEGIN');
    const result = await work({ run: async (text) => (await client.query(text)).rows ?? [] });
    await client.query('COMMIT');
    return result;
  } catch (thrown) {
    failure = toError(thrown);
    throw thrown;
  } finally {
    client.off('error', onError);
    // One that has failed is closed, which rolls back.
    client.release(failure);
  }
}
