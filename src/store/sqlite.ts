import { randomUUID } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { toNotedConversion } from './conversionRow.ts';
import { nearlyByUserKey } from './keyOrder.ts';
import { createPeople } from './people.ts';
import { createFind, openClicks } from './sqliteClicks.ts';
import { guard, lockOut, openDatabase, runIn } from './sqliteDatabase.ts';
import { openHashKeyNote } from './sqliteHashKey.ts';
import { openLedger } from './sqliteLedger.ts';
import { openPersonTables } from './sqlitePeople.ts';
import { openWorkLog } from './sqliteWorkLog.ts';
import type { Bare, BareStore, ClickImport, ClickReader, LedgerReader, People } from './store.ts';

/**
 * The name of no file: SQLite keeps such a store in memory, and what is too much for it in a temporary file that is gone
 * with the process (https://www.sqlite.org/inmemorydb.html#temp_db).
 */
export const noFile = '';

/**
 * Opens the SQLite store in `file`, creating or migrating it. One process at a time: whoever opens it is
 * the only living owner, so every claim of another owner was interrupted.
 * Throws UnavailableError when the file can't be opened, or another connector has it open.
 */
export function openSqliteStore(file: string): BareStore {
  using opening = new DisposableStack();
  const isShared = file !== ':memory:' && file !== noFile;
  if (isShared) guard(file, () => lockOut(file, opening));
  // A claim must outlive a power cut, or what it guards is sent twice.
  const database = guard(file, () => openDatabase(file, 'FULL', opening));
  // NORMAL, where OFF would be as quick: the file is the ledger's too, and must not break when the power is cut.
  const workDatabase = guard(file, () => openDatabase(file, 'NORMAL', opening));
  const owner = randomUUID();
  const run = runIn(file);
  const clicks = openClicks(database, run);
  const ledger = openLedger(database, owner, run);
  const workLog = openWorkLog(workDatabase, owner, run);
  const hashKeyNote = openHashKeyNote(database, run);
  const opened = opening.move();
  return { clicks, ledger, workLog, hashKeyNote, close: () => run(() => opened.dispose()) };
}

/**
 * Opens a store for putting very many clicks in, as `openSqliteStore` does. In the order of the keys, with a large
 * cache and few checkpoints a row costs a third: pages that random keys touch are written once, not over and over.
 */
export function openSqliteImport(file: string): Bare<ClickImport> {
  using opening = new DisposableStack();
  guard(file, () => lockOut(file, opening));
  const database = guard(file, () => openDatabase(file, 'FULL', opening));
  database.exec('PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 65536');
  const run = runIn(file);
  const { save } = openClicks(database, run);
  const opened = opening.move();
  return {
    batch: 100_000,
    hashKeyNote: openHashKeyNote(database, run),
    save: (clicks) => save(nearlyByUserKey(clicks)),
    close: () => run(() => opened.dispose()),
  };
}

/** Opens a store for looking at its clicks, also beside a connector that runs: nothing is written or locked. */
export function openSqliteClicks(file: string): Bare<ClickReader> {
  return guard(file, () => {
    const database = new DatabaseSync(file, { readOnly: true, timeout: 1_000 });
    const run = runIn(file);
    return {
      find: createFind(database, run),
      hashKeyNote: openHashKeyNote(database, run),
      close: async () => database.close(),
    };
  });
}

/** Opens a store for looking at its ledger, as `openSqliteClicks` does. */
export function openSqliteLedger(file: string): LedgerReader {
  return guard(file, () => {
    const database = new DatabaseSync(file, { readOnly: true, timeout: 1_000 });
    // All columns: a connector that runs may be an older one, whose ledger has fewer.
    const select = database.prepare('SELECT * FROM ledger WHERE key = ?');
    // The time of a click may be any number.
    select.setReadBigInts(true);
    const run = runIn(file);
    return {
      find: (key) =>
        run(() => {
          const row = select.get(key);
          return row && toNotedConversion(row);
        }),
      close: async () => database.close(),
    };
  });
}

/** How long a removal waits for a connector that writes, in milliseconds. */
const patience = 10_000;

/** Opens a store for removing people from it, also beside a connector that runs: it writes in one short transaction. */
export function openSqlitePeople(
  file: string,
  hashClickId: (clickId: string) => string,
): Bare<People> {
  using opening = new DisposableStack();
  const database = guard(file, () => openDatabase(file, 'FULL', opening, patience));
  const run = runIn(file);
  const people = createPeople(openPersonTables(database, run), hashClickId);
  const opened = opening.move();
  return {
    ...people,
    hashKeyNote: openHashKeyNote(database, run),
    close: () => run(() => opened.dispose()),
  };
}
