import { earliestClicks } from './earliestClicks.ts';
import type { ClickReader, ClickStore } from './store.ts';

type Find = ClickReader['find'];

/**
 * The clicks of the connector's own store and those of a user's own table, as one: both are looked up at once, and
 * written is only to the own. Of a click that both have the earlier time counts, as of one that is stored twice.
 */
export function readBothClicks(own: ClickStore, table: Pick<ClickReader, 'find'>): ClickStore {
  return { ...own, find: findInAll([own.find, table.find]) };
}

/** Looks clicks up in several places at once; of one that several have the earliest time counts. */
export function findInAll(finds: readonly Find[]): Find {
  return async (userKeys) => {
    const [first = new Map(), ...others] = await Promise.all(finds.map((find) => find(userKeys)));
    const found = new Map(first);
    for (const [userKey, clicks] of others.flatMap((other) => [...other])) {
      found.set(userKey, earliestClicks([...(found.get(userKey) ?? []), ...clicks]));
    }
    return found;
  };
}
