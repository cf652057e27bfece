import { accessSync, constants, existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { isPostgresUrl, parsePostgresUrl } from '../config/postgresUrl.ts';
import { toError, UnavailableError } from '../errors.ts';
import {
  countPostgresRows,
  openPostgresPeople,
  openPostgresStore,
  readPostgresClicks,
  readPostgresLedger,
} from './postgres.ts';
import { describeAddress } from './postgresDatabase.ts';
import {
  openSqliteClicks,
  openSqliteImport,
  openSqliteLedger,
  openSqlitePeople,
  openSqliteStore,
} from './sqlite.ts';
import type {
  ClickImport,
  ClickReader,
  LedgerReader,
  People,
  Store,
  StoreCounts,
} from './store.ts';

const sqlite = 'sqlite:';

/**
 * Opens the store that the setting `store` names: `sqlite:FILE` or `postgres://user:password@host/database`.
 * Throws UnavailableError when it can't be opened now, and ConfigurationError when it can't be as it is set up.
 */
export async function openStore(setting: string): Promise<Store> {
  if (isPostgresUrl(setting)) return openPostgresStore(parsePostgresUrl(setting));
  const file = fileOf(setting);
  // SQLite only says that it can't open a file; what its folder lacks comes first.
  fileExists(file);
  return openSqliteStore(file);
}

/** Opens that store for putting very many clicks in. Throws as `openStore`. */
export async function openClickImport(setting: string): Promise<ClickImport> {
  if (isPostgresUrl(setting)) {
    const { clicks, close } = await openPostgresStore(parsePostgresUrl(setting));
    return { batch: 5_000, save: clicks.save, close };
  }
  const file = fileOf(setting);
  fileExists(file);
  return openSqliteImport(file);
}

/** Opens the clicks of that store for reading; undefined where there is none. Throws UnavailableError. */
export async function readClicks(setting: string): Promise<ClickReader | undefined> {
  if (isPostgresUrl(setting)) return readPostgresClicks(parsePostgresUrl(setting));
  return existsSync(fileOf(setting)) ? openSqliteClicks(fileOf(setting)) : undefined;
}

/** Opens the ledger of that store for reading; undefined where there is none. Throws UnavailableError. */
export async function readLedger(setting: string): Promise<LedgerReader | undefined> {
  if (isPostgresUrl(setting)) return readPostgresLedger(parsePostgresUrl(setting));
  return existsSync(fileOf(setting)) ? openSqliteLedger(fileOf(setting)) : undefined;
}

/**
 * Opens that store for looking for people in it and removing them, also beside a connector that runs; undefined where
 * there is none. `hashClickId` gives the hash by which the ledger knows a click. Throws as `openStore`.
 */
export async function openPeople(
  setting: string,
  hashClickId: (clickId: string) => string,
): Promise<People | undefined> {
  if (isPostgresUrl(setting)) return openPostgresPeople(parsePostgresUrl(setting), hashClickId);
  return existsSync(fileOf(setting)) ? openSqlitePeople(fileOf(setting), hashClickId) : undefined;
}

/**
 * How much that store holds, or undefined when it is not there yet. Creates nothing. Throws as `openStore`, also
 * when it could not be created.
 */
export async function countStore(setting: string): Promise<StoreCounts | undefined> {
  if (isPostgresUrl(setting)) return countPostgresRows(parsePostgresUrl(setting));
  const file = fileOf(setting);
  if (!fileExists(file)) return undefined;
  const { clicks, ledger, close } = openSqliteStore(file);
  try {
    return { clicks: await clicks.count(), conversions: await ledger.count() };
  } finally {
    await close();
  }
}

/** The setting without its secrets. */
export function describeStore(setting: string): string {
  return isPostgresUrl(setting) ? describeAddress(parsePostgresUrl(setting)) : setting;
}

/** Throws UnavailableError when it is not there, and could not be created either. */
function fileExists(file: string): boolean {
  if (existsSync(file)) return true;
  try {
    accessSync(dirname(file), constants.W_OK);
    return false;
  } catch (thrown) {
    const { message } = toError(thrown);
    throw new UnavailableError(`store ${sqlite}${file}`, `it can't be created: ${message}`);
  }
}

function fileOf(setting: string): string {
  if (setting.startsWith(sqlite)) return setting.slice(sqlite.length);
  throw new Error('unknown store; write sqlite:FILE or postgres://user:password@host/database');
}
