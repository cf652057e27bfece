import { earliestClicks } from './earliestClicks.ts';
import type { ClickReader, ClickStore } from './store.ts';

/**
 * The clicks of the connector's own store and those of a user's own table, as one: both are looked up at once, and
 * written is only to the own. Of a click that both have the earlier time counts, as of one that is stored twice.
 */
export function readBothClicks(own: ClickStore, table: Pick<ClickReader, 'find'>): ClickStore {
  return {
    save: (clicks) => own.save(clicks),
    purge: (before, limit) => own.purge(before, limit),
    count: () => own.count(),
    async find(userKeys) {
      const [ours, theirs] = await Promise.all([own.find(userKeys), table.find(userKeys)]);
      if (theirs.size === 0) return ours;
      const found = new Map(ours);
      for (const [userKey, clicks] of theirs) {
        found.set(userKey, earliestClicks([...(ours.get(userKey) ?? []), ...clicks]));
      }
      return found;
    },
  };
}
