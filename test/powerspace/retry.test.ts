import fc from 'fast-check';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { parseRetryAfter, retryDelay } from '../../src/powerspace/retry.ts';

const hour = 3_600_000;
const now = Date.parse('2026-03-01T12:00:00Z');
const almostOne = 1 - Number.EPSILON;

describe('the delay before the next attempt', () => {
  test.each([
    [1, 1_000],
    [2, 2_000],
    [3, 4_000],
    [6, 32_000],
    [7, 60_000],
    [8, 60_000],
    [5_000, 60_000],
  ])('after %i failures lies anywhere from 0 to %i ms', (failures, ceiling) => {
    expect(retryDelay(failures, 0, 0)).toBe(0);
    expect(retryDelay(failures, 0, 0.5)).toBe(ceiling / 2);
    expect(retryDelay(failures, 0, almostOne)).toBeCloseTo(ceiling, 6);
  });

  test('is never longer than a minute, and never shorter than Retry-After asks for', () => {
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(fc.nat(), fc.nat(hour), random, (failures, retryAfter, chance) => {
        const delay = retryDelay(failures + 1, retryAfter, chance);
        expect(delay).toBeGreaterThanOrEqual(retryAfter);
        expect(delay).toBeLessThanOrEqual(Math.max(retryAfter, 60_000));
      }),
    );
  });
});

describe('a Retry-After header', () => {
  test.each([
    ['0', 0],
    ['120', 120_000],
    [' 5 ', 5_000],
    ['3600', hour],
  ])('of seconds: %j', (header, milliseconds) => {
    expect(parseRetryAfter(header, now)).toBe(milliseconds);
  });

  test.each([
    ['Sun, 01 Mar 2026 12:02:00 GMT', 120_000],
    ['Sunday, 01-Mar-26 12:02:00 GMT', 120_000],
    ['Sun Mar  1 12:02:00 2026', 120_000],
    ['Sun, 01 Mar 2026 11:00:00 GMT', 0],
  ])('of a date, in each form of RFC 9110: %s', (header, milliseconds) => {
    expect(parseRetryAfter(header, now)).toBe(milliseconds);
  });

  test.each(['3601', '9'.repeat(400), 'Fri, 31 Dec 2027 23:59:59 GMT'])(
    'is obeyed for an hour at most: %s',
    (header) => {
      expect(parseRetryAfter(header, now)).toBe(hour);
    },
  );

  test.each([
    undefined,
    '',
    'soon',
    '-5',
    '1.5',
    '1e3',
    '30s',
    '0x10',
    '+30',
    '2027-01-01',
    'soon 2099',
  ])('that is neither counts as none: %j', (header) => {
    expect(parseRetryAfter(header, now)).toBe(0);
  });

  test('of a date is read as GMT wherever the machine stands', () => {
    vi.stubEnv('TZ', 'America/New_York');
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    expect(parseRetryAfter('Sun Mar  1 12:02:00 2026', now)).toBe(120_000);
  });
});
