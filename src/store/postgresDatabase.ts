import { readFileSync } from 'node:fs';
import pg, { type PoolConfig, type QueryResult } from 'pg';
import type { PostgresAddress } from '../config/postgresUrl.ts';
import { toError } from '../errors.ts';
import { explainPostgresError, storeProblem } from './postgresErrors.ts';

/** The server ends a statement that takes longer, or that waits longer for a lock; milliseconds. */
const statementTimeout = 10_000;
const lockTimeout = 4_000;
/** How long an answer is waited for, if the server or the way to it hangs. */
const answerTimeout = 12_000;
const connectTimeout = 5_000;

/** A statement that is prepared under its name, once a connection. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

type Row = Record<string, unknown>;

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
  /** Whether a commit waits for the server's disk. */
  readonly durability: 'disk' | 'memory';
}

/** Connects when the first statement is run, and again whenever connections were lost. */
export function openPostgresDatabase(
  address: PostgresAddress,
  { connections, durability }: DatabaseOptions,
): PostgresDatabase {
  const part = `store ${describeAddress(address)}`;
  const pool = new pg.Pool({
    ...connectionOf(address),
    max: connections,
    idleTimeoutMillis: 60_000,
    // What a connection has planned while a table was small stays planned: it must not read all of it once it is large.
    options: [
      '-c enable_seqscan=off',
      '-c jit=off',
      `-c search_path=${address.schema}`,
      `-c lock_timeout=${lockTimeout}`,
      `-c synchronous_commit=${durability === 'disk' ? 'on' : 'off'}`,
    ].join(' '),
  });
  // A connection that nobody uses was lost: the next statement gets another. Unheard, it would end the process.
  pool.on('error', () => undefined);
  const guard = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    try {
      return await work();
    } catch (thrown) {
      throw explainPostgresError(part, thrown);
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

function connectionOf(address: PostgresAddress): PoolConfig {
  const { host, port, user, password, database, tls, rootCertificate } = address;
  const authorities = rootCertificate === undefined ? {} : { ca: readCertificate(rootCertificate) };
  return {
    ...{ host, port, user, password, database },
    ssl: tls && { rejectUnauthorized: true, ...authorities },
    application_name: 'powerspace-connector',
    connectionTimeoutMillis: connectTimeout,
    statement_timeout: statementTimeout,
    query_timeout: answerTimeout,
    keepAlive: true,
  };
}

function readCertificate(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (thrown) {
    throw storeProblem(`the file of sslrootcert cannot be read: ${toError(thrown).message}`);
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
