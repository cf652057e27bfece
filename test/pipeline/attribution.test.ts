import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AttributionRules, attribute } from '../../src/pipeline/attribution.ts';
import { skipped } from '../../src/pipeline/outcome.ts';
import type { Click } from '../../src/store/store.ts';

const rules: AttributionRules = { window: 100, attribution: 'last', clockSkew: 5 };
const firstRules: AttributionRules = { ...rules, attribution: 'first' };

/** Clicks by user key, written as `{ user: { clickId: time } }`. */
function clicksOf(known: Record<string, Record<string, number>>): Map<string, Click[]> {
  return new Map(
    Object.entries(known).map(([userKey, times]) => [
      userKey,
      Object.entries(times).map(([clickId, at]) => ({ userKey, clickId, at })),
    ]),
  );
}

describe('the click that brought a person', () => {
  test('is the last before the event, or the first', () => {
    const clicks = clicksOf({ user: { a: 10, b: 30, c: 20 } });
    expect(attribute(['user'], 50, clicks, rules)).toMatchObject({ clickId: 'b' });
    expect(attribute(['user'], 50, clicks, firstRules)).toMatchObject({ clickId: 'a' });
  });

  test('is decided by the first user key that has one', () => {
    const clicks = clicksOf({ visitor: { a: 40 }, user: { b: 10 } });
    expect(attribute(['user', 'visitor'], 50, clicks, rules)).toMatchObject({ clickId: 'b' });
    expect(attribute(['cart', 'visitor', 'user'], 50, clicks, rules)).toMatchObject({
      clickId: 'a',
    });
  });

  test('is looked for under the next key when those of the first do not count', () => {
    const clicks = clicksOf({ user: { old: -90, late: 80 }, visitor: { a: 40 } });
    expect(attribute(['user', 'visitor'], 50, clicks, rules)).toMatchObject({ clickId: 'a' });
  });

  test('may be as old as the window, and no older', () => {
    const clicks = clicksOf({ user: { a: 0 } });
    expect(attribute(['user'], 100, clicks, rules)).toMatchObject({ clickId: 'a' });
    expect(attribute(['user'], 101, clicks, rules)).toEqual(skipped('click-expired'));
  });

  test('may be later than the event by the skew of the clocks, and no later', () => {
    const clicks = clicksOf({ user: { a: 55 } });
    expect(attribute(['user'], 50, clicks, rules)).toMatchObject({ clickId: 'a' });
    expect(attribute(['user'], 49, clicks, rules)).toEqual(skipped('no-click'));
  });

  test('is the same in every run when clicks are of the same instant', () => {
    for (const times of [
      { a: 10, b: 10 },
      { b: 10, a: 10 },
    ]) {
      const clicks = clicksOf({ user: times });
      expect(attribute(['user'], 50, clicks, rules)).toMatchObject({ clickId: 'b' });
      expect(attribute(['user'], 50, clicks, firstRules)).toMatchObject({ clickId: 'a' });
    }
  });

  test.each<[string, readonly string[]]>([
    ['the event names nobody', []],
    ['nobody it names has clicked', ['nobody', 'someone']],
  ])('is none when %s', (_, userKeys) => {
    const clicks = clicksOf({ user: { a: 10 } });
    expect(attribute(userKeys, 50, clicks, rules)).toEqual(skipped('no-click'));
  });

  test('is the one that sorting all that count would give', () => {
    const userKey = fc.constantFrom('a', 'b', 'c');
    const click = fc.record({ userKey, clickId: fc.string({ maxLength: 2 }), at: fc.nat(200) });
    const options = fc.record({
      window: fc.nat(100),
      attribution: fc.constantFrom('last' as const, 'first' as const),
      clockSkew: fc.nat(20),
    });
    const all = fc.uniqueArray(click, { selector: (each) => `${each.userKey} ${each.clickId}` });
    fc.assert(
      fc.property(all, fc.array(userKey), fc.nat(200), options, (clicks, userKeys, at, chosen) => {
        const counts = (each: Click) =>
          each.at <= at + chosen.clockSkew && each.at >= at - chosen.window;
        const own = userKeys
          .map((key) => clicks.filter((each) => each.userKey === key && counts(each)))
          .find((found) => found.length > 0);
        const sorted = own?.toSorted(
          (one, other) => one.at - other.at || (one.clickId < other.clickId ? -1 : 1),
        );
        const isExpired = clicks.some(
          (each) => userKeys.includes(each.userKey) && each.at < at - chosen.window,
        );
        const expected =
          (chosen.attribution === 'last' ? sorted?.at(-1) : sorted?.[0]) ??
          skipped(isExpired ? 'click-expired' : 'no-click');
        const byKey = Map.groupBy(clicks, (each) => each.userKey);
        expect(attribute(userKeys, at, byKey, chosen)).toEqual(expected);
      }),
    );
  });
});
