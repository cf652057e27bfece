import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nearlyByUserKey } from '../../src/store/keyOrder.ts';
import { clickOf } from './subject.ts';

const keysOf = (userKeys: readonly string[]) =>
  nearlyByUserKey(userKeys.map((userKey) => clickOf(userKey, 'click'))).map(
    ({ userKey }) => userKey,
  );

test('puts clicks in the order of their user keys', () => {
  expect(keysOf(['b', '', 'ba', 'a', '\u{1f600}', 'aa'])).toEqual([
    ...['', 'a', 'aa', 'b', 'ba', '\u{1f600}'],
  ]);
});

test('takes no account of what all user keys begin with', () => {
  expect(keysOf(['customer-0002', 'customer-0010', 'customer-0001'])).toEqual([
    ...['customer-0001', 'customer-0002', 'customer-0010'],
  ]);
});

test('keeps every click, and those of one user key as they came', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 6, unit: 'binary' })), (userKeys) => {
      const clicks = userKeys.map((userKey, at) => clickOf(userKey, 'click', at));
      const ordered = nearlyByUserKey(clicks);
      expect(ordered.toSorted((one, other) => one.at - other.at)).toEqual(clicks);
      for (const [, own] of Map.groupBy(ordered, ({ userKey }) => userKey)) {
        expect(own).toEqual(own.toSorted((one, other) => one.at - other.at));
      }
    }),
  );
});
