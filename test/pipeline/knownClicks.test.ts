import { describe, expect, test } from 'vitest';
import { KnownClicks } from '../../src/pipeline/knownClicks.ts';
import type { Click } from '../../src/store/store.ts';

function clickOf(userKey: string, clickId: string): Click {
  return { userKey, clickId, at: 1 };
}

describe('the clicks of a chunk', () => {
  test('are found under their user keys, however short those are', () => {
    const userKeys = ['', 'a', 'visitor-1', 'visitor-2', '\u{1f600}'];
    const found = userKeys.map((userKey) => [userKey, [clickOf(userKey, 'click')]] as const);
    const clicks = new KnownClicks(new Map(found));
    for (const userKey of userKeys)
      expect(clicks.get(userKey)).toEqual([clickOf(userKey, 'click')]);
  });

  test('are not those of user keys that end alike', () => {
    const click = clickOf('one-of-us@example.com', 'click');
    const clicks = new KnownClicks(new Map([[click.userKey, [click]]]));
    expect(clicks.get('two-of-us@example.com')).toBeUndefined();
    expect(clicks.get('us@example.com')).toBeUndefined();
  });

  test('become more, under keys that had some and under keys that had none', () => {
    const [first, second, other] = [
      clickOf('user', 'first'),
      clickOf('user', 'second'),
      clickOf('visitor', 'second'),
    ];
    const found = new Map([['user', [first]]]);
    const clicks = new KnownClicks(found);
    clicks.add(second);
    clicks.add(other);
    expect(clicks.get('user')).toEqual([first, second]);
    expect(clicks.get('visitor')).toEqual([other]);
    expect(found.get('user')).toEqual([first]);
  });
});
