import { randomUUID } from 'node:crypto';
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';
import { toError, UnavailableError } from '../errors.ts';
import { sqliteMigrations } from './migrations.ts';
import { openWorkLog, type Run } from './sqliteWorkLog.ts';
import type {
  Claim,
  ClaimResult,
  Click,
  ClickImport,
  ClickReader,
  ClickStore,
  Ledger,
  LedgerEntry,
  LedgerState,
  Store,
} from './store.ts';

/**
 * Opens the SQLite store in `file`, creating or migrating it. One process at a time: whoever opens it is
 * the only living owner, so every claim of another owner was interrupted.
 * Throws UnavailableError when the file can't be opened, or another connector has it open.
 */
export function openSqliteStore(file: string): Store {
  using opening = new DisposableStack();
  if (file !== ':memory:') guard(file, () => lockOut(file, opening));
  // A claim must outlive a power cut, or what it guards is sent twice.
  const database = guard(file, () => openDatabase(file, 'FULL', opening));
  // NORMAL, where OFF would be as quick: the file is the ledger's too, and must not break when the power is cut.
  const workDatabase = guard(file, () => openDatabase(file, 'NORMAL', opening));
  const owner = randomUUID();
  const run = runIn(file);
  const transaction: Run = (work) => run(() => inTransaction(database, work));
  const clicks = openClicks(database, run, transaction);
  const ledger = openLedger(database, owner, { run, transaction });
  const workLog = openWorkLog(workDatabase, owner, {
    run,
    transaction: (work) => run(() => inTransaction(workDatabase, work)),
  });
  const opened = opening.move();
  return { clicks, ledger, workLog, close: () => run(() => opened.dispose()) };
}

/**
 * Opens a store for putting very many clicks in, as `openSqliteStore` does. In the order of the keys, with a large
 * cache and few checkpoints a row costs a third: pages that random keys touch are written once, not over and over.
 */
export function openSqliteImport(file: string): ClickImport {
  using opening = new DisposableStack();
  guard(file, () => lockOut(file, opening));
  const database = guard(file, () => openDatabase(file, 'FULL', opening));
  database.exec('PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 65536');
  const run = runIn(file);
  const { save } = openClicks(database, run, (work) => run(() => inTransaction(database, work)));
  const opened = opening.move();
  return {
    batch: 100_000,
    save: (clicks) => save(clicks.toSorted(byUserKey)),
    close: () => run(() => opened.dispose()),
  };
}

function byUserKey(one: Click, other: Click): number {
  if (one.userKey === other.userKey) return 0;
  return one.userKey < other.userKey ? -1 : 1;
}

/** Opens a store for looking at its clicks, also beside a connector that runs: nothing is written or locked. */
export function openSqliteClicks(file: string): ClickReader {
  return guard(file, () => {
    const database = new DatabaseSync(file, { readOnly: true, timeout: 1_000 });
    return { find: createFind(database, runIn(file)), close: async () => database.close() };
  });
}

function runIn(file: string): Run {
  return (work) => {
    // node:sqlite is synchronous; the promise is what a store over a network needs.
    try {
      return Promise.resolve(work());
    } catch (thrown) {
      return Promise.reject(unavailable(file, thrown));
    }
  };
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

/** A connection, and what it waits for when it commits: FULL for the disk, NORMAL for the system only. */
function openDatabase(
  file: string,
  synchronous: 'FULL' | 'NORMAL',
  opening: DisposableStack,
): DatabaseSync {
  const database = opening.use(new DatabaseSync(file, { timeout: 1_000 }));
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous};`);
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
function lockOut(file: string, opening: DisposableStack): void {
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

function openClicks(database: DatabaseSync, run: Run, transaction: Run): Store['clicks'] {
  const insert = database.prepare(
    `INSERT INTO user_attribution (user_id, click_id, created_at) VALUES (?, ?, ?)
     ON CONFLICT DO UPDATE SET created_at = excluded.created_at WHERE excluded.created_at < created_at`,
  );
  const purge = database.prepare(
    `DELETE FROM user_attribution WHERE (user_id, click_id) IN
       (SELECT user_id, click_id FROM user_attribution WHERE created_at < ? LIMIT ?)`,
  );
  const count = database.prepare('SELECT count(*) AS count FROM user_attribution');
  return {
    save: (clicks) =>
      transaction(() => {
        for (const { userKey, clickId, at } of clicks) insert.run(userKey, clickId, at);
      }),
    find: createFind(database, run),
    purge: (before, limit) => run(() => Number(purge.run(before, limit).changes)),
    count: () => run(() => Number(count.get()?.['count'])),
  };
}

function createFind(database: DatabaseSync, run: Run): ClickStore['find'] {
  const select = database.prepare(
    'SELECT user_id, click_id, created_at FROM user_attribution WHERE user_id IN (SELECT value FROM json_each(?))',
  );
  // The time of an event may be any number; beyond 2^53 SQLite gives it as a bigint only.
  select.setReadBigInts(true);
  return (userKeys) =>
    run(() => {
      const found = new Map<string, Click[]>();
      for (const row of select.all(JSON.stringify(userKeys))) {
        const click = toClick(row);
        const known = found.get(click.userKey);
        if (known) known.push(click);
        else found.set(click.userKey, [click]);
      }
      return found;
    });
}

function openLedger(
  database: DatabaseSync,
  owner: string,
  { run, transaction }: { readonly run: Run; readonly transaction: Run },
): Ledger {
  const insert = database.prepare(
    `INSERT INTO ledger (key, kind, state, owner, topic, partition, "offset", claimed_at)
     VALUES (?, ?, 'claimed', ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
  );
  const select = database.prepare('SELECT state, owner, interrupted FROM ledger WHERE key = ?');
  const takeOver = database.prepare(
    'UPDATE ledger SET owner = ?, claimed_at = ?, interrupted = 1 WHERE key = ?',
  );
  const settle = database.prepare(
    'UPDATE ledger SET state = ?, status = ?, attempts = attempts + ?, settled_at = ? WHERE key = ?',
  );
  const release = database.prepare(
    "DELETE FROM ledger WHERE key = ? AND state = 'claimed' AND interrupted = 0",
  );
  const abandon = database.prepare(
    "UPDATE ledger SET interrupted = 1 WHERE key = ? AND state = 'claimed'",
  );
  const count = database.prepare('SELECT count(*) AS count FROM ledger');

  const claimOne = ({ key, kind, topic, partition, offset }: Claim, now: number): ClaimResult => {
    if (insert.run(key, kind, owner, topic, partition, offset, now).changes > 0) return 'claimed';
    const known = select.get(key);
    if (known?.['state'] !== 'claimed') return toLedgerState(String(known?.['state']));
    if (known['owner'] === owner) return known['interrupted'] === 1 ? 'interrupted' : 'claimed';
    takeOver.run(owner, now, key);
    return 'interrupted';
  };
  return {
    claim: (claims) =>
      transaction(() => {
        const now = Date.now();
        return claims.map((claim) => claimOne(claim, now));
      }),
    settle: (entries: readonly LedgerEntry[]) =>
      transaction(() => {
        const now = Date.now();
        for (const { key, state, status, attempts } of entries) {
          settle.run(state, status ?? null, attempts, now, key);
        }
      }),
    release: (keys) =>
      transaction(() => {
        for (const key of keys) release.run(key);
      }),
    abandon: (keys) =>
      transaction(() => {
        for (const key of keys) abandon.run(key);
      }),
    // Nobody else can have the file open.
    isWithinLease: true,
    count: () => run(() => Number(count.get()?.['count'])),
  };
}

function toClick(row: Record<string, SQLOutputValue>): Click {
  return {
    userKey: String(row['user_id']),
    clickId: String(row['click_id']),
    at: Number(row['created_at']),
  };
}

function toLedgerState(state: string): LedgerState {
  if (state === 'delivered' || state === 'rejected' || state === 'undeliverable') return state;
  throw new Error(`the ledger holds the unknown state "${state}"`);
}

const busy = 5;

/** SQLite's primary result code; 0, done, for other errors. */
function primaryCode(thrown: unknown): number {
  return thrown instanceof Error && 'errcode' in thrown ? Number(thrown.errcode) & 0xff : 0;
}

/** SQLite's primary result codes that may pass: busy, locked, read-only, I/O, full, can't open, not a database yet. */
const passing = new Set([busy, 6, 8, 10, 13, 14, 26]);

function guard<T>(file: string, work: () => T): T {
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
