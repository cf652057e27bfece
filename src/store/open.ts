import { accessSync, constants, existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { toError, UnavailableError } from '../errors.ts';
import { type ClickReader, openSqliteClicks, openSqliteStore } from './sqlite.ts';
import type { Store } from './store.ts';

const scheme = 'sqlite:';

/**
 * Opens the store that the setting `store` names: `sqlite:FILE`.
 * Throws UnavailableError when it can't be opened.
 */
export function openStore(setting: string): Store {
  return openSqliteStore(fileOf(setting));
}

/** Opens the clicks of that store for reading; undefined where there is none. Throws UnavailableError. */
export function openClicks(setting: string): ClickReader | undefined {
  return existsSync(fileOf(setting)) ? openSqliteClicks(fileOf(setting)) : undefined;
}

/**
 * Whether that store is there already. Throws UnavailableError when it is not, and could not be created either.
 */
export function storeExists(setting: string): boolean {
  const file = fileOf(setting);
  if (existsSync(file)) return true;
  try {
    accessSync(dirname(file), constants.W_OK);
    return false;
  } catch (thrown) {
    const { message } = toError(thrown);
    throw new UnavailableError(`store ${setting}`, `it can't be created: ${message}`);
  }
}

function fileOf(setting: string): string {
  if (!setting.startsWith(scheme)) throw new Error(`unknown store "${setting}"; write sqlite:FILE`);
  return setting.slice(scheme.length);
}
