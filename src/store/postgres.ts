import type { PostgresAddress } from '../config/postgresUrl.ts';
import { toNotedConversion } from './conversionRow.ts';
import { checkHashKey } from './hashKey.ts';
import { createPeople } from './people.ts';
import { openPostgresClicks } from './postgresClicks.ts';
import { estimateRows } from './postgresCount.ts';
import { openPostgresDatabase, type PostgresDatabase, type Statement } from './postgresDatabase.ts';
import { openPostgresHashKeyNote } from './postgresHashKey.ts';
import { takeLease } from './postgresLease.ts';
import { openPostgresLedger } from './postgresLedger.ts';
import { checkPrivileges, hasTables, isMigrated, migrate } from './postgresMigrations.ts';
import { openPersonTables } from './postgresPeople.ts';
import { openPostgresWorkLog } from './postgresWorkLog.ts';
import type { Bare, BareStore, ClickReader, LedgerReader, People, StoreCounts } from './store.ts';

/** Beside the statements of the pipeline there are those of purging and counting, and two that settle. */
const connections = 5;

/**
 * Opens the Postgres store, creating or migrating its tables where that is needed. Any number of replicas have it
 * open at once, each an owner with a lease. Throws UnavailableError for what may pass, and ConfigurationError for
 * what somebody has to mend: a refused login, a database that is not there, a privilege that is missing.
 */
export async function openPostgresStore(address: PostgresAddress): Promise<BareStore> {
  await using opening = new AsyncDisposableStack();
  const database = openPostgresDatabase(address, { connections, durability: 'disk' });
  opening.defer(database.close);
  // What need not outlive the server, and must not wait for the others: leases and the work log.
  const volatile = openPostgresDatabase(address, { connections: 2, durability: 'memory' });
  opening.defer(volatile.close);
  await migrate(database);
  await checkPrivileges(database);
  const lease = await takeLease(volatile);
  // Where that fails, because the database is away, the lease ends by itself.
  opening.defer(() => lease.end().catch(() => undefined));
  const opened = opening.move();
  return {
    clicks: openPostgresClicks(database),
    ledger: openPostgresLedger(database, lease),
    workLog: openPostgresWorkLog(volatile, lease.owner),
    hashKeyNote: openPostgresHashKeyNote(database),
    close: () => opened.disposeAsync(),
  };
}

/** The clicks of that store for reading, or undefined while its tables are not there. Throws as opening does. */
export async function readPostgresClicks(
  address: PostgresAddress,
): Promise<Bare<ClickReader> | undefined> {
  const database = await openForReading(address);
  return (
    database && {
      find: openPostgresClicks(database).find,
      hashKeyNote: openPostgresHashKeyNote(database),
      close: database.close,
    }
  );
}

/** A connection, or undefined while the tables are not there. */
async function openForReading(address: PostgresAddress): Promise<PostgresDatabase | undefined> {
  await using opening = new AsyncDisposableStack();
  const database = openPostgresDatabase(address, { connections: 1, durability: 'memory' });
  opening.defer(database.close);
  if (!(await hasTables(database))) return undefined;
  opening.move();
  return database;
}

/** All columns: the tables may be as an older version left them, with fewer. */
const findConversion: Statement = {
  name: 'find-conversion',
  text: 'SELECT * FROM ledger WHERE key = $1',
};

/** The ledger of that store for reading, or undefined while its tables are not there. Throws as opening does. */
export async function readPostgresLedger(
  address: PostgresAddress,
): Promise<LedgerReader | undefined> {
  const database = await openForReading(address);
  return (
    database && {
      async find(key) {
        const [row] = (await database.run(findConversion, [key])).rows;
        return row && toNotedConversion(row);
      },
      close: database.close,
    }
  );
}

/** How long looking through a whole table may take, in milliseconds. */
const lookingThrough = 600_000;

/** The people of that store, migrated where that is needed; undefined while its tables are not there. Throws as opening does. */
export async function openPostgresPeople(
  address: PostgresAddress,
  hashClickId: (clickId: string) => string,
): Promise<Bare<People> | undefined> {
  await using opening = new AsyncDisposableStack();
  const database = openPostgresDatabase(address, {
    ...{ connections: 1, durability: 'disk', statementTimeout: lookingThrough },
  });
  opening.defer(database.close);
  if (!(await hasTables(database))) return undefined;
  await migrate(database);
  await checkPrivileges(database);
  const opened = opening.move();
  const people = createPeople(openPersonTables(database), hashClickId);
  return {
    ...people,
    hashKeyNote: openPostgresHashKeyNote(database),
    close: () => opened.disposeAsync(),
  };
}

/** How much that store holds, or undefined while its tables are not there. Changes nothing; throws as opening does. */
export async function countPostgresRows(
  address: PostgresAddress,
  hashKey: string | undefined,
): Promise<StoreCounts | undefined> {
  const database = openPostgresDatabase(address, { connections: 1, durability: 'memory' });
  try {
    return (await isMigrated(database)) ? await countRows(database, hashKey) : undefined;
  } finally {
    await database.close();
  }
}

async function countRows(
  database: PostgresDatabase,
  hashKey: string | undefined,
): Promise<StoreCounts> {
  await checkPrivileges(database);
  await checkHashKey(openPostgresHashKeyNote(database), hashKey);
  const clicks = await estimateRows(database, 'user_attribution');
  return { clicks, conversions: await estimateRows(database, 'ledger') };
}
