import Big from 'big.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Instant } from '../../src/avro/instant.ts';
import { currencyExponent } from '../../src/config/currencies.ts';
import { formatAmount, roundToCurrency, toAmount } from '../../src/pipeline/money.ts';

/** What a value is sent as; undefined when it is no amount. */
function textOf(value: unknown): string | undefined {
  const amount = toAmount(value);
  return amount && formatAmount(amount);
}

/** A decimal as whole numbers: `unscaled` / 10^`scale`. */
const decimal = fc.record({
  unscaled: fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }),
  scale: fc.integer({ min: 0, max: 20 }),
});

/** Writes it out by hand, with every decimal, as a database would. */
function write({ unscaled, scale }: { unscaled: bigint; scale: number }): string {
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  const sign = unscaled < 0n ? '-' : '';
  return scale === 0 ? sign + whole : `${sign}${whole}.${digits.slice(-scale)}`;
}

function withoutTrailingZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

describe('an amount', () => {
  test.each([
    ['49.99', '49.99'],
    ['50', '50'],
    ['50.00', '50'],
    ['0049.90', '49.9'],
    ['-5.5', '-5.5'],
    [49.99, '49.99'],
    [0.1 + 0.2, '0.30000000000000004'],
    [1e21, '1000000000000000000000'],
    [1e-7, '0.0000001'],
    [4_999n, '4999'],
    [2n ** 63n - 1n, '9223372036854775807'],
    [new Big('12.340'), '12.34'],
  ])('is sent with a dot, without an exponent or grouping: %s', (value, text) => {
    expect(textOf(value)).toBe(text);
  });

  test.each([
    ...['', ' ', 'abc', '1,5', '1.234,50', '1 000', ' 1', '1\n', '+5', '.5', '5.', '1e3', '0x10'],
    ...['Infinity', 'NaN', '٣', Number.NaN, Number.POSITIVE_INFINITY, null, undefined, true],
    ...[new Instant(0), [], {}, Buffer.from('5')],
  ])('is nothing else: %j', (value) => {
    expect(toAmount(value)).toBeUndefined();
  });

  test('that comes as a text loses no digit', () => {
    fc.assert(
      fc.property(decimal, (amount) => {
        const text = write(amount);
        const expected = withoutTrailingZeros(text);
        expect(textOf(text)).toBe(expected === '-0' ? '0' : expected);
      }),
    );
  });

  test('that comes as a double is the shortest decimal that reads back as it', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const text = textOf(value) ?? '';
        expect(text).toMatch(/^-?\d+(\.\d+)?$/);
        expect(Number(text)).toBe(value === 0 ? 0 : value);
        const digits = text.replace(/[-.]/g, '').replace(/^0+|0+$/g, '');
        expect(digits.length).toBeLessThanOrEqual(17);
      }),
    );
  });
});

describe('rounding to the decimals of a currency', () => {
  test.each([
    ['49.994', 2, '49.99'],
    ['49.995', 2, '50'],
    ['0.005', 2, '0.01'],
    ['0.0049999', 2, '0'],
    ['1234.5', 0, '1235'],
    ['1.2345', 3, '1.235'],
    ['49.994', undefined, '49.994'],
  ])('takes %s with %s decimals as %s', (text, decimals, rounded) => {
    expect(formatAmount(roundToCurrency(new Big(text), decimals))).toBe(rounded);
  });

  test('is half up, as whole numbers reckon it', () => {
    fc.assert(
      fc.property(decimal, fc.integer({ min: 0, max: 4 }), (amount, decimals) => {
        const { scale } = amount;
        const unscaled = amount.unscaled < 0n ? -amount.unscaled : amount.unscaled;
        const lost = 10n ** BigInt(Math.max(scale - decimals, 0));
        const kept = (unscaled + lost / 2n) / lost;
        const expected = write({ unscaled: kept, scale: Math.min(scale, decimals) });
        const text = write({ unscaled, scale });
        const rounded = formatAmount(roundToCurrency(new Big(text), decimals));
        expect(rounded).toBe(withoutTrailingZeros(expected));
      }),
    );
  });
});

describe('the decimals of a currency', () => {
  test.each([
    ['EUR', 2],
    ['USD', 2],
    ['JPY', 0],
    ['KRW', 0],
    ['XOF', 0],
    ['KWD', 3],
    ['TND', 3],
    ['CLF', 4],
  ])('of %s are %i', (currency, exponent) => {
    expect(currencyExponent(currency)).toBe(exponent);
  });

  test.each([
    ...['HUF', 'COP', 'IDR', 'PKR', 'ALL', 'AFN', 'IRR', 'LAK', 'LBP', 'MGA', 'MMK', 'SOS', 'YER'],
  ])('of %s are 2 by ISO 4217, although nobody uses them in cash', (currency) => {
    expect(currencyExponent(currency)).toBe(2);
  });

  test('of IQD are 3', () => {
    expect(currencyExponent('IQD')).toBe(3);
  });

  test.each(['', 'eur', 'EURO', 'XYZ', '978', '€', '__proto__'])(
    'of what is no code are unknown: %j',
    (currency) => {
      expect(currencyExponent(currency)).toBeUndefined();
    },
  );
});
