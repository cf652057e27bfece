import { type ClickTableSettings, openClickTable } from './clickTable.ts';
import { earliestClicks } from './earliestClicks.ts';
import type { ClickReader, ClickStore } from './store.ts';

/**
 * The clicks of two places as one, such as the connector's own store and a user's own table: both are looked up at once,
 * and written is only to the own. Of a click that both have the earlier time counts, as of one that is stored twice.
 */
export function readBothClicks(own: ClickStore, other: Pick<ClickReader, 'find'>): ClickStore {
  return {
    ...own,
    async find(userKeys) {
      const [ofOwn, ofOther] = await Promise.all([own.find(userKeys), other.find(userKeys)]);
      const found = new Map(ofOwn);
      for (const [userKey, clicks] of ofOther) {
        found.set(userKey, earliestClicks([...(found.get(userKey) ?? []), ...clicks]));
      }
      return found;
    },
  };
}

/**
 * The clicks of a store together with those of the user's table, where the settings name one; notes in `opened` how to
 * close that. Throws as `openClickTable`.
 */
export async function withClickTable(
  own: ClickStore,
  settings: ClickTableSettings | undefined,
  opened: AsyncDisposableStack,
): Promise<ClickStore> {
  if (settings === undefined) return own;
  const table = await openClickTable(settings);
  opened.defer(() => table.close());
  return readBothClicks(own, table);
}
