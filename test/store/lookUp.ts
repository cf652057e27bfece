import { describe, expect, onTestFinished, test } from 'vitest';
import type { Click, ClickReader } from '../../src/store/store.ts';
import { clickOf } from './subject.ts';

/** Something that clicks are looked up in, which has just these clicks; cleared away when the test ends. */
export type NewClicks = (clicks: readonly Click[]) => Promise<ClickReader>;

/** What every source of clicks promises of a look-up (src/store/store.ts), whatever it is built on. */
export function testLookUp(name: string, newClicks: NewClicks): void {
  const open = async (clicks: readonly Click[]) => {
    const reader = await newClicks(clicks);
    onTestFinished(() => reader.close());
    return reader;
  };

  describe(`looking clicks up in ${name}`, () => {
    test('finds them under their user keys, with all their history', async () => {
      const [first, second] = [clickOf('user', 'a', 1), clickOf('user', 'b', 2)];
      const { find } = await open([second, first, clickOf('other', 'a', 3)]);
      const found = await find(['user', 'nobody']);
      expect([...found.keys()]).toEqual(['user']);
      expect(found.get('user')?.toSorted((one, other) => one.at - other.at)).toEqual([
        first,
        second,
      ]);
    });

    test('finds the clicks of a user key once, however often it is asked for', async () => {
      const clicks = [clickOf('user', 'a', 1), clickOf('other', 'b', 2)];
      const { find } = await open(clicks);
      const found = await find(['user', 'nobody', 'user', 'other', 'nobody', 'user']);
      expect([...found.values()].flat().toSorted((one, other) => one.at - other.at)).toEqual(
        clicks,
      );
    });

    test('finds those of 2,000 user keys at once', async () => {
      const userKeys = Array.from({ length: 2_000 }, (_, index) => `user-${index}`);
      const known = userKeys.filter((_, index) => index % 2 === 0);
      const { find } = await open(
        known.map((userKey, at) => clickOf(userKey, `click-${at}`, 1_000 + at)),
      );
      const found = await find(userKeys);
      expect([...found.keys()].toSorted()).toEqual(known.toSorted());
      expect(found.get('user-1998')).toEqual([clickOf('user-1998', 'click-999', 1_999)]);
    });

    test('keeps user keys apart by their exact characters', async () => {
      const userKeys = [
        ...['7', '007', '1e3', 'null', "o'neill", '"a"', '[1]', 'é', 'e\u0301', 'É', 'e', '%'],
        ...['_', '\\', '\u{1f600}', 'A', 'a', 'ß', 'ss', 'x ', 'x', ' ', ''],
      ];
      const { find } = await open(
        userKeys.map((userKey) => clickOf(userKey, `click of ${userKey}`)),
      );
      const found = await find([...userKeys, 'X', 'E', 'SS', '0', ' x']);
      expect([...found.keys()].toSorted()).toEqual(userKeys.toSorted());
      for (const userKey of userKeys) {
        expect(found.get(userKey), userKey).toEqual([clickOf(userKey, `click of ${userKey}`)]);
      }
    });

    test.each([
      ['a NUL', 'user\0'],
      ['half a surrogate pair', 'user\ud800'],
      ['the other half', 'user\udc00'],
      ['very many characters', 'x'.repeat(100_000)],
      ['a noncharacter', '\u{10ffff}user'],
    ])('finds the others beside a user key with %s', async (_, odd) => {
      const { find } = await open([clickOf('user', 'a'), clickOf('user\ufffd', 'b')]);
      expect([...(await find([odd, 'user']))]).toEqual([['user', [clickOf('user', 'a')]]]);
    });

    test.each([0, 999, 1_767_225_600_000, 1_767_225_600_123])(
      'gives the time of a click to the millisecond: %d',
      async (at) => {
        const { find } = await open([clickOf('user', 'a', at)]);
        expect((await find(['user'])).get('user')).toEqual([clickOf('user', 'a', at)]);
      },
    );

    test('of no user keys finds none', async () => {
      const { find } = await open([clickOf('user', 'a')]);
      expect((await find([])).size).toBe(0);
    });
  });
}
