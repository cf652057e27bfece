import { openSqliteStore } from './sqlite.ts';
import type { Store } from './store.ts';

const scheme = 'sqlite:';

/**
 * Opens the store that the setting `store` names: `sqlite:FILE`.
 * Throws UnavailableError when it can't be opened.
 */
export function openStore(setting: string): Store {
  if (!setting.startsWith(scheme)) throw new Error(`unknown store "${setting}"; write sqlite:FILE`);
  return openSqliteStore(setting.slice(scheme.length));
}
