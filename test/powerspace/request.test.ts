import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Postback, postbackPath, postbackTarget } from '../../src/powerspace/request.ts';

const order = (clickId: string, value?: string): Postback => ({ kind: 'order', clickId, value });
const visibleAscii = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
  minLength: 1,
  maxLength: 512,
});

describe('the target of a postback', () => {
  test('is /ld with the click id for a lead', () => {
    const lead: Postback = { kind: 'lead', clickId: 'abc123', value: undefined };
    expect(postbackTarget(lead)).toBe('/ld?qci=abc123');
    expect(postbackPath('lead')).toBe('/ld');
  });

  test('is /ord with the click id and the value for an order', () => {
    expect(postbackTarget(order('abc123', '49.99'))).toBe('/ord?qci=abc123&ov=49.99');
    expect(postbackPath('order')).toBe('/ord');
  });

  test('has no ov for an order without a value', () => {
    expect(postbackTarget(order('abc123'))).toBe('/ord?qci=abc123');
  });

  test.each([
    ['a&ov=1', 'a%26ov%3D1'],
    ['a#b', 'a%23b'],
    ['a+b', 'a%2Bb'],
    ['a%00', 'a%2500'],
    ['//evil.example/@x', '%2F%2Fevil.example%2F%40x'],
    ['a?b;c', 'a%3Fb%3Bc'],
    ['\\\\evil', '%5C%5Cevil'],
    ['a"<>b', 'a%22%3C%3Eb'],
    ["A-z_0.9~!*'()", "A-z_0.9~!*'()"],
  ])('escapes what would mean something in a query: %s', (clickId, escaped) => {
    expect(postbackTarget(order(clickId))).toBe(`/ord?qci=${escaped}`);
  });

  test('holds the click id and the value, and nothing else, whatever they hold', () => {
    fc.assert(
      fc.property(visibleAscii, visibleAscii, (clickId, value) => {
        const url = new URL(postbackTarget(order(clickId, value)), 'https://a.example');
        expect([url.origin, url.pathname, url.hash]).toEqual(['https://a.example', '/ord', '']);
        expect([...url.searchParams]).toEqual([
          ['qci', clickId],
          ['ov', value],
        ]);
      }),
    );
  });
});
