import { accessSync, constants, existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { isPostgresUrl, parsePostgresUrl } from '../config/postgresUrl.ts';
import { toError, UnavailableError } from '../errors.ts';
import { createUserKeyHash, hashFound, hashSaved, hashStore } from './hashedClicks.ts';
import { checkHashKey, claimHashKey } from './hashKey.ts';
import {
  countPostgresRows,
  openPostgresPeople,
  openPostgresStore,
  readPostgresClicks,
  readPostgresLedger,
} from './postgres.ts';
import { describeAddress } from './postgresDatabase.ts';
import { countPostgresSettled } from './postgresSettled.ts';
import type { SettledByKind, TimeSpan } from './settledCounts.ts';
import {
  openSqliteClicks,
  openSqliteImport,
  openSqliteLedger,
  openSqlitePeople,
  openSqliteStore,
} from './sqlite.ts';
import { countSqliteSettled } from './sqliteSettled.ts';
import type {
  Bare,
  BareStore,
  ClickImport,
  ClickReader,
  LedgerReader,
  People,
  Store,
  StoreCounts,
} from './store.ts';

const sqlite = 'sqlite:';

/**
 * Opens the store that the setting `store` names: `sqlite:FILE` or `postgres://user:password@host/database`. With
 * `hashKey` (the setting `privacy.hashKey`) it gets to see no user key that is not hashed; its callers see no other.
 * Throws UnavailableError when it can't be opened now, and ConfigurationError when it can't be as it is set up.
 */
export async function openStore(setting: string, hashKey?: string): Promise<Store> {
  const store = await openBareStore(setting);
  await closeUnless(store, () => claimHashKey(store.hashKeyNote, hashKey));
  return hashStore(store, hashKey);
}

async function openBareStore(setting: string): Promise<BareStore> {
  if (isPostgresUrl(setting)) return openPostgresStore(parsePostgresUrl(setting));
  const file = fileOf(setting);
  // SQLite only says that it can't open a file; what its folder lacks comes first.
  fileExists(file);
  return openSqliteStore(file);
}

/** Opens that store for putting very many clicks in. Throws as `openStore`. */
export async function openClickImport(setting: string, hashKey?: string): Promise<ClickImport> {
  const clicks = await openBareImport(setting);
  await closeUnless(clicks, () => claimHashKey(clicks.hashKeyNote, hashKey));
  if (hashKey === undefined) return clicks;
  return { ...clicks, save: hashSaved(clicks.save, createUserKeyHash(hashKey)) };
}

async function openBareImport(setting: string): Promise<Bare<ClickImport>> {
  if (isPostgresUrl(setting)) {
    const { clicks, hashKeyNote, close } = await openPostgresStore(parsePostgresUrl(setting));
    return { batch: 5_000, save: clicks.save, hashKeyNote, close };
  }
  const file = fileOf(setting);
  fileExists(file);
  return openSqliteImport(file);
}

/** Opens the clicks of that store for reading; undefined where there is none. Throws as `openStore`. */
export async function readClicks(
  setting: string,
  hashKey?: string,
): Promise<ClickReader | undefined> {
  const clicks = await readBareClicks(setting);
  if (clicks) await closeUnless(clicks, () => checkHashKey(clicks.hashKeyNote, hashKey));
  if (clicks === undefined || hashKey === undefined) return clicks;
  return { ...clicks, find: hashFound(clicks.find, createUserKeyHash(hashKey)) };
}

async function readBareClicks(setting: string): Promise<Bare<ClickReader> | undefined> {
  if (isPostgresUrl(setting)) return readPostgresClicks(parsePostgresUrl(setting));
  return existsSync(fileOf(setting)) ? openSqliteClicks(fileOf(setting)) : undefined;
}

/** Opens the ledger of that store for reading; undefined where there is none. Throws UnavailableError. */
export async function readLedger(setting: string): Promise<LedgerReader | undefined> {
  if (isPostgresUrl(setting)) return readPostgresLedger(parsePostgresUrl(setting));
  return existsSync(fileOf(setting)) ? openSqliteLedger(fileOf(setting)) : undefined;
}

/**
 * What the ledger of that store has of the conversions that were settled within a span, also beside a connector that
 * runs; undefined where there is no store. Throws as `openStore`.
 */
export async function countSettled(
  setting: string,
  span: TimeSpan,
): Promise<SettledByKind | undefined> {
  if (isPostgresUrl(setting)) return countPostgresSettled(parsePostgresUrl(setting), span);
  return existsSync(fileOf(setting)) ? countSqliteSettled(fileOf(setting), span) : undefined;
}

/** What looking for people needs. */
export interface PeopleOptions {
  /** Gives the hash by which the ledger knows a click. */
  readonly hashClickId: (clickId: string) => string;
  readonly hashKey: string | undefined;
}

/**
 * Opens that store for looking for people in it and removing them, also beside a connector that runs; undefined where
 * there is none. Throws as `openStore`.
 */
export async function openPeople(
  setting: string,
  { hashClickId, hashKey }: PeopleOptions,
): Promise<People | undefined> {
  const people = await openBarePeople(setting, hashClickId);
  if (people) await closeUnless(people, () => checkHashKey(people.hashKeyNote, hashKey));
  if (people === undefined || hashKey === undefined) return people;
  const hash = createUserKeyHash(hashKey);
  return { ...people, find: (userKey) => people.find(hash(userKey)) };
}

async function openBarePeople(
  setting: string,
  hashClickId: PeopleOptions['hashClickId'],
): Promise<Bare<People> | undefined> {
  if (isPostgresUrl(setting)) return openPostgresPeople(parsePostgresUrl(setting), hashClickId);
  return existsSync(fileOf(setting)) ? openSqlitePeople(fileOf(setting), hashClickId) : undefined;
}

/**
 * How much that store holds, or undefined when it is not there yet. Creates nothing. Throws as `openStore`, also
 * when it could not be created.
 */
export async function countStore(
  setting: string,
  hashKey?: string,
): Promise<StoreCounts | undefined> {
  if (isPostgresUrl(setting)) return countPostgresRows(parsePostgresUrl(setting), hashKey);
  const file = fileOf(setting);
  if (!fileExists(file)) return undefined;
  const { clicks, ledger, hashKeyNote, close } = openSqliteStore(file);
  try {
    await checkHashKey(hashKeyNote, hashKey);
    return { clicks: await clicks.count(), conversions: await ledger.count() };
  } finally {
    await close();
  }
}

/** Resolves once the work is done; what it throws closes the part. */
async function closeUnless(
  part: { readonly close: () => Promise<void> },
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (thrown) {
    await part.close();
    throw thrown;
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
