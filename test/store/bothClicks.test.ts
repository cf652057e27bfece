import { describe, expect, test } from 'vitest';
import { readBothClicks } from '../../src/store/bothClicks.ts';
import type { ClickReader, ClickStore } from '../../src/store/store.ts';
import { MemoryStorage, openMemoryStore } from '../simulation/memoryStore.ts';
import { clickOf } from './subject.ts';

function ownClicks(): ClickStore {
  return openMemoryStore(new MemoryStorage(), async (work) => work()).clicks;
}

function tableOf(...clicks: readonly ReturnType<typeof clickOf>[]): Pick<ClickReader, 'find'> {
  return {
    find: async (userKeys) =>
      Map.groupBy(
        clicks.filter(({ userKey }) => userKeys.includes(userKey)),
        ({ userKey }) => userKey,
      ),
  };
}

describe("the store's clicks and those of a user's table", () => {
  test('are found together, each click once and at its earlier time', async () => {
    const own = ownClicks();
    await own.save([clickOf('both', 'a', 5), clickOf('both', 'b', 6), clickOf('own', 'c', 7)]);
    const theirs = [clickOf('both', 'a', 3), clickOf('both', 'b', 9), clickOf('both', 'd', 8)];
    const { find } = readBothClicks(own, tableOf(...theirs, clickOf('theirs', 'e', 1)));
    const found = await find(['both', 'own', 'theirs', 'nobody']);
    expect([...found.keys()].toSorted()).toEqual(['both', 'own', 'theirs']);
    expect(found.get('both')).toEqual([
      clickOf('both', 'a', 3),
      clickOf('both', 'b', 6),
      clickOf('both', 'd', 8),
    ]);
    expect(found.get('own')).toEqual([clickOf('own', 'c', 7)]);
    expect(found.get('theirs')).toEqual([clickOf('theirs', 'e', 1)]);
  });

  test('count as linked since either of them links the user key', async () => {
    const own = ownClicks();
    await own.save([{ ...clickOf('user', 'a', 3), linkedAt: 9 }]);
    const { find } = readBothClicks(own, tableOf(clickOf('user', 'a', 5)));
    const [click] = (await find(['user'])).get('user') ?? [];
    expect(click).toEqual({ ...clickOf('user', 'a', 3), linkedAt: 5 });
  });

  test('are looked up at the same time', async () => {
    const begun = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
    const own = ownClicks();
    const waiting = async (mine: number, other: number) => {
      begun[mine]?.resolve();
      await begun[other]?.promise;
      return new Map();
    };
    const { find } = readBothClicks(
      { ...own, find: () => waiting(0, 1) },
      { find: () => waiting(1, 0) },
    );
    expect((await find(['user'])).size).toBe(0);
  });

  test('are written, counted and purged in the store alone', async () => {
    const own = ownClicks();
    const both = readBothClicks(own, tableOf(clickOf('user', 'theirs', 1)));
    await both.save([clickOf('user', 'ours', 2)]);
    expect((await own.find(['user'])).get('user')).toEqual([clickOf('user', 'ours', 2)]);
    expect(await both.count()).toBe(1);
    expect(await both.purge(10, 10)).toBe(1);
    expect((await both.find(['user'])).get('user')).toEqual([clickOf('user', 'theirs', 1)]);
  });
});
