import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatAmount, toAmount } from '../../src/pipeline/money.ts';
import { avro, compileReader, encode, long, record } from './schemas.ts';

/*
 * Money from its bytes to what is sent, held against whole numbers of any size and nothing else: neither the bytes
 * nor the expected text are made by the library that reads them.
 */

const fixed = { type: 'fixed', name: 'D', size: 20 };
const options = { seed: 20261124, numRuns: 2_000 };

const decimal = fc.record({
  unscaled: fc.oneof(
    fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }),
    fc.bigInt({ min: -70_000n, max: 70_000n }),
  ),
  scale: fc.integer({ min: 0, max: 40 }),
  padding: fc.integer({ min: 0, max: 5 }),
});

/** What is sent for a field of this type that holds these bytes. */
function sent(type: unknown, bytes: Buffer): string | undefined {
  const [value] = compileReader(avro(record('Event', { amount: type })), ['amount']).read(bytes);
  const amount = toAmount(value);
  return amount && formatAmount(amount);
}

/** Two's complement, the highest byte first, with so many bytes more than are needed. */
function twosComplement(value: bigint, padding: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.unshift(Number(BigInt.asUintN(8, rest)));
    rest >>= 8n;
  } while (BigInt.asIntN(bytes.length * 8, value) !== value);
  const sign = value < 0n ? 0xff : 0;
  return Buffer.from([...Array(padding).fill(sign), ...bytes]);
}

function withLength(bytes: Buffer): Buffer {
  return Buffer.concat([long(bytes.length), bytes]);
}

/** Without an exponent and without zeros at the end. */
function write(unscaled: bigint, scale: number): string {
  if (unscaled === 0n) return '0';
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
  const point = digits.length - scale;
  const text = `${digits.slice(0, point)}.${digits.slice(point)}`.replace(/\.?0*$/, '');
  return unscaled < 0n ? `-${text}` : text;
}

describe('money is exact to the last digit', () => {
  test('as a decimal of any scale in bytes', () => {
    fc.assert(
      fc.property(decimal, ({ unscaled, scale, padding }) => {
        const type = { type: 'bytes', logicalType: 'decimal', precision: 60, scale };
        const bytes = withLength(twosComplement(unscaled, padding));
        expect(sent(type, bytes)).toBe(write(unscaled, scale));
      }),
      options,
    );
  });

  test('as a decimal of any scale in a fixed', () => {
    fc.assert(
      fc.property(decimal, ({ unscaled, scale }) => {
        const bytes = twosComplement(unscaled, 0);
        const padded = twosComplement(unscaled, fixed.size - bytes.length);
        const type = { ...fixed, logicalType: 'decimal', precision: 47, scale };
        expect(sent(type, padded)).toBe(write(unscaled, scale));
      }),
      options,
    );
  });

  test('as a decimal that says its own scale, below 0 too', () => {
    const type = { type: 'bytes', logicalType: 'big-decimal' };
    fc.assert(
      fc.property(decimal, fc.integer({ min: -40, max: 300 }), ({ unscaled, padding }, scale) => {
        const bytes = Buffer.concat([withLength(twosComplement(unscaled, padding)), long(scale)]);
        const expected =
          scale < 0 ? write(unscaled * 10n ** BigInt(-scale), 0) : write(unscaled, scale);
        expect(sent(type, withLength(bytes))).toBe(expected);
      }),
      options,
    );
  });

  test('as a long of any size', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        fc.nat(60),
        (bits, shift) => {
          const value = bits >> BigInt(shift);
          expect(sent('long', encode('long', value))).toBe(String(value));
        },
      ),
      options,
    );
  });

  test('as a double, by the shortest decimal that reads back as it', () => {
    const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(finite, (value) => {
        const bytes = Buffer.alloc(8);
        bytes.writeDoubleLE(value);
        const text = sent('double', bytes) ?? '';
        expect(Number(text)).toBe(value === 0 ? Number(text) : value);
        const significant = text.replace(/^-|\./g, '').replace(/^0+/, '').replace(/0+$/, '');
        const shortest = value.toExponential().replace(/e.*|\.|-/g, '');
        expect(significant).toBe(shortest.replace(/0+$/, ''));
      }),
      options,
    );
  });

  test('as a float, by the shortest decimal that reads back as it', () => {
    const finite = fc.float({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(finite, (value) => {
        const bytes = Buffer.alloc(4);
        bytes.writeFloatLE(value);
        const text = sent('float', bytes) ?? '';
        expect(Math.fround(Number(text))).toBe(value === 0 ? 0 : value);
        expect(text.replace(/^-|\./g, '').replace(/^0+|0+$/g, '').length).toBeLessThan(10);
      }),
      options,
    );
  });

  test.each(['49.99', '0.1', '131072.05', '-19.99', '8388607'])(
    'as the %s that a shop keeps in a float',
    (text) => {
      const bytes = Buffer.alloc(4);
      bytes.writeFloatLE(Number(text));
      expect(sent('float', bytes)).toBe(text);
    },
  );

  test('as cents that a shop keeps in a double', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10 ** 12 }), (cents) => {
        const bytes = Buffer.alloc(8);
        bytes.writeDoubleLE(Number(`${cents}e-2`));
        expect(sent('double', bytes)).toBe(write(BigInt(cents), 2));
      }),
      options,
    );
  });
});
