import { describe, expect, test } from 'vitest';
import { clickIdFault } from '../../src/powerspace/clickId.ts';

describe('a click id', () => {
  test.each([
    'a',
    'x'.repeat(512),
    '3f2504e0-4f89-11d3-9a0c-0305e82c3301',
    '!"#$%&\'()*+,-./:;<=>?@[\\]^_`|~',
    'a%20b',
    'nullable',
    '0',
    '%7B-without-an-end',
  ])('is taken when it has 1 to 512 visible ASCII characters: %s', (clickId) => {
    expect(clickIdFault(clickId)).toBeUndefined();
  });

  test.each([
    ['', 'it is empty'],
    ['x'.repeat(513), 'it has 513 characters, 512 at most are allowed'],
    ['a b', 'it has characters other than visible ASCII'],
    ['a\r\nHost: evil', 'it has characters other than visible ASCII'],
    ['a\n', 'it has characters other than visible ASCII'],
    ['a\u0000', 'it has characters other than visible ASCII'],
    ['a\u007f', 'it has characters other than visible ASCII'],
    ['clé', 'it has characters other than visible ASCII'],
    ['\ud800', 'it has characters other than visible ASCII'],
  ])('is refused for its length or its characters: %j', (clickId, fault) => {
    expect(clickIdFault(clickId)).toBe(fault);
  });

  test.each([
    '{clickId}',
    '\u0024{clickId}',
    '{{clickId}}',
    '%7BclickId%7D',
    '%7bclickId%7d',
    'prefix-{click_id}-suffix',
    '{}',
  ])('is refused when it is a macro that was never substituted: %s', (clickId) => {
    expect(clickIdFault(clickId)).toBe('it is a macro that was never substituted');
  });

  test.each(['null', 'NULL', 'undefined', 'NaN', 'nan'])(
    'is refused when it is a word for nothing: %s',
    (clickId) => {
      expect(clickIdFault(clickId)).toBe(`it is the word "${clickId}"`);
    },
  );
});
