import { Socket } from 'node:net';
import { createPool, type Pool, type PoolConnection, type PoolOptions } from 'mysql2/promise';
import type { TableAddress } from '../config/tableUrl.ts';
import { withDeadline } from '../deadline.ts';
import { explainMysqlError } from './mysqlErrors.ts';
import { readCertificate } from './postgresDatabase.ts';

/** The server ends a statement that takes longer; milliseconds. */
export const statementTimeout = 10_000;
/** How long an answer is waited for, if the server or the way to it hangs. */
const answerTimeout = 12_000;
const connectTimeout = 5_000;
/** How long it is waited for that connections end in good order. */
const farewellTimeout = 1_000;

type Row = Readonly<Record<string, unknown>>;

/** Connections to one database of MySQL or MariaDB; every call throws as explainMysqlError says. */
export interface MysqlDatabase {
  /** As a person would call it; without user and password. */
  readonly part: string;
  /** Runs a statement, prepared once a connection; whole numbers come as text. */
  run(text: string, values: readonly string[]): Promise<readonly Row[]>;
  close(): Promise<void>;
}

/** How connections are made, and which setting names them. */
export interface MysqlOptions {
  /** Connections at most. */
  readonly connections: number;
  readonly use: { readonly name: string; readonly setting: string };
}

/** Connects when the first statement is run, and again whenever connections were lost. */
export function openMysqlDatabase(
  address: TableAddress,
  { connections, use }: MysqlOptions,
): MysqlDatabase {
  const part = `${use.name} mysql://${address.host}:${address.port}/${address.database}`;
  const pool = createPool({ ...connectionOf(address, use.setting), connectionLimit: connections });
  const sockets = new Map<number, Socket>();
  pool.on('connection', (connection) => {
    const socket: unknown = Reflect.get(connection, 'stream');
    if (!(socket instanceof Socket)) return;
    sockets.set(connection.threadId, socket);
    socket.once('close', () => sockets.delete(connection.threadId));
  });
  // Of a server that hangs it would wait for the end of the connection, for hours.
  const abandon = (connection: PoolConnection) => {
    connection.destroy();
    sockets.get(connection.threadId)?.destroy();
  };
  let closing: Promise<void> | undefined;
  return {
    part,
    async run(text, values) {
      try {
        const connection = await pool.getConnection();
        try {
          const statement = connection.execute<never[]>(text, [...values]);
          const [rows] = await withDeadline(statement, answerTimeout);
          connection.release();
          return rows;
        } catch (thrown) {
          abandon(connection);
          throw thrown;
        }
      } catch (thrown) {
        throw explainMysqlError(part, thrown, use.setting);
      }
    },
    close() {
      closing ??= endPool(pool, sockets);
      return closing;
    },
  };
}

async function endPool(pool: Pool, sockets: ReadonlyMap<number, Socket>): Promise<void> {
  // A server that hangs never takes leave: nothing of ours is lost with it.
  await withDeadline(pool.end(), farewellTimeout).catch(() => undefined);
  for (const socket of sockets.values()) socket.destroy();
}

function connectionOf(address: TableAddress, setting: string): PoolOptions {
  const { host, port, user, password, database, tls, rootCertificate } = address;
  const authorities = rootCertificate ? { ca: readCertificate(rootCertificate, setting) } : {};
  return {
    ...{ host, port, user, database, connectTimeout },
    ...(password !== undefined && { password }),
    ...(tls && { ssl: { rejectUnauthorized: true, verifyIdentity: true, ...authorities } }),
    charset: 'utf8mb4',
    supportBigNumbers: true,
    bigNumberStrings: true,
    idleTimeout: 60_000,
    enableKeepAlive: true,
    connectAttributes: { program_name: 'powerspace-connector' },
  };
}
