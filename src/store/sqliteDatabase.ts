import { DatabaseSync } from 'node:sqlite';
import { toError, UnavailableError } from '../errors.ts';
import { sqliteMigrations } from './migrations.ts';

/** Calls `work` as the store's own calls are made: what it throws rejects, with UnavailableError where that may pass. */
export type Run = <T>(work: () => T) => Promise<T>;

/** A way to work on the store in `file`. */
export function runIn(file: string): Run {
  return (work) => {
    // node:sqlite is synchronous; the promise is what a store over a network needs.
    try {
      return Promise.resolve(work());
    } catch (thrown) {
      return Promise.reject(unavailable(file, thrown));
    }
  };
}

/** The same, all or nothing. */
export function transactionIn(database: DatabaseSync, run: Run): Run {
  return (work) => run(() => inTransaction(database, work));
}

function inTransaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (thrown) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw thrown;
  }
}

/**
 * A connection, and what it waits for when it commits: FULL for the disk, NORMAL for the system only. For another
 * process that writes it waits `patience` milliseconds.
 */
export function openDatabase(
  file: string,
  synchronous: 'FULL' | 'NORMAL',
  opening: DisposableStack,
  patience = 1_000,
): DatabaseSync {
  const database = opening.use(new DatabaseSync(file, { timeout: patience }));
  // What is deleted is overwritten too: a person's row is gone, and not just out of sight.
  database.exec(
    `PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous}; PRAGMA secure_delete = ON;`,
  );
  database.exec('BEGIN IMMEDIATE');
  const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
  for (const statements of sqliteMigrations.slice(version)) database.exec(statements);
  database.exec(`PRAGMA user_version = ${Math.max(version, sqliteMigrations.length)}`);
  database.exec('COMMIT');
  return database;
}

/**
 * Keeps other connectors out, not backups and shells: a transaction that never ends, on a file of its own.
 * The system ends it with the process, however that ends.
 */
export function lockOut(file: string, opening: DisposableStack): void {
  const lock = opening.use(new DatabaseSync(`${file}.lock`, { timeout: 0 }));
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (thrown) {
    if (primaryCode(thrown) !== busy) throw thrown;
    const detail =
      'another connector has it open; a file serves one at a time, so end that one first (or send it clicks by POST /clicks)';
    throw new UnavailableError(`store sqlite:${file}`, detail, { cause: thrown });
  }
}

const busy = 5;

/** SQLite's primary result code; 0, done, for other errors. */
function primaryCode(thrown: unknown): number {
  return thrown instanceof Error && 'errcode' in thrown ? Number(thrown.errcode) & 0xff : 0;
}

/** SQLite's primary result codes that may pass: busy, locked, read-only, I/O, full, can't open, not a database yet. */
const passing = new Set([busy, 6, 8, 10, 13, 14, 26]);

/** What `work` returns; what it throws is an UnavailableError where that may pass. */
export function guard<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    throw unavailable(file, thrown);
  }
}

function unavailable(file: string, thrown: unknown): Error {
  const error = toError(thrown);
  return passing.has(primaryCode(error))
    ? new UnavailableError(`store sqlite:${file}`, error.message, { cause: error })
    : error;
}
