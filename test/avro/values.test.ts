import { Big } from 'big.js';
import { describe, expect, test } from 'vitest';
import { UndecodableError } from '../../src/avro/errors.ts';
import { Instant } from '../../src/avro/instant.ts';
import type { FieldValue } from '../../src/avro/reader.ts';
import { avro, compileReader, encode, record } from './schemas.ts';

/** What a field of this type reads as. */
function readField(type: unknown, value: unknown): FieldValue | undefined {
  const schema = record('Event', { before: 'string', field: type, after: 'string' });
  const bytes = encode(schema, { before: 'b', field: value, after: 'a' });
  return compileReader(avro(schema), ['field']).read(bytes)[0];
}

describe('numbers are exact', () => {
  test.each([
    0,
    -1,
    63,
    64,
    -64,
    -65,
    8191,
    8192,
    134217727,
    134217728,
    -134217729,
    2 ** 31,
    -(2 ** 31) - 1,
    2 ** 35,
    2 ** 51,
    2 ** 52,
    -(2 ** 52),
    2 ** 52 + 1,
    Number.MAX_SAFE_INTEGER,
    Number.MIN_SAFE_INTEGER,
  ])('the long %d is a number', (value) => {
    expect(readField('long', value)).toBe(value);
  });

  test.each([2n ** 53n, -(2n ** 53n), 2n ** 53n + 1n, 2n ** 56n, 2n ** 63n - 1n, -(2n ** 63n)])(
    'the long %d is a bigint',
    (value) => {
      expect(readField('long', value)).toBe(value);
    },
  );

  test('a long stays exact in a union with a double, whichever comes first', () => {
    // avsc wants values of such unions under the branch's name; the bytes are what matters.
    const bytes = (branch: number, value: Buffer) => Buffer.concat([encode('long', branch), value]);
    const long = encode('long', 2n ** 53n + 1n);
    const double = encode('double', 0.1);
    const one = compileReader(avro(record('Event', { field: ['double', 'long'] })), ['field']);
    expect(one.read(bytes(1, long))).toEqual([2n ** 53n + 1n]);
    expect(one.read(bytes(0, double))).toEqual([0.1]);
    const other = compileReader(avro(record('Event', { field: ['long', 'double'] })), ['field']);
    expect(other.read(bytes(0, long))).toEqual([2n ** 53n + 1n]);
    expect(other.read(bytes(1, double))).toEqual([0.1]);
  });

  test('a union reads as its plain value, also within arrays, maps and records', () => {
    const numbers = ['null', 'int', 'double'];
    const expected = [1, 0.5, null];
    // Such values can't be written without the name of their branch.
    const written = [{ int: 1 }, { double: 0.5 }, null];
    expect(readField({ type: 'array', items: numbers }, written)).toEqual(expected);
    expect(readField({ type: 'map', values: numbers }, { ...written })).toEqual({ ...expected });
    const within = record('Within', { one: numbers, other: numbers });
    expect(readField(within, { one: written[0], other: written[1] })).toEqual({
      one: 1,
      other: 0.5,
    });
  });

  test('text and bytes stay apart in a union', () => {
    const reader = compileReader(avro(record('Event', { field: ['string', 'bytes'] })), ['field']);
    expect(reader.read(Buffer.from('0204c3a9', 'hex'))).toEqual([Buffer.from('é')]);
    expect(reader.read(Buffer.from('0004c3a9', 'hex'))).toEqual(['é']);
  });

  test('doubles are as IEEE has them, and floats the shortest number that is the same float', () => {
    expect(readField('double', 0.1 + 0.2)).toBe(0.1 + 0.2);
    expect(readField('float', Math.fround(19.99))).toBe(19.99);
    for (const value of [Number.NaN, Number.NEGATIVE_INFINITY, Math.fround(-1e30), 2 ** -149]) {
      expect(Math.fround(readField('float', value) as number)).toBe(value);
    }
    expect(readField('double', -0)).toBe(-0);
  });
});

describe('decimals', () => {
  const bytes = { type: 'bytes', logicalType: 'decimal', precision: 40, scale: 2 };
  const fixed = {
    type: 'fixed',
    name: 'D',
    size: 16,
    logicalType: 'decimal',
    precision: 38,
    scale: 9,
  };

  test.each([
    '0',
    '0.01',
    '-0.01',
    '1.27',
    '1.28',
    '-1.28',
    '-1.29',
    '49.9',
    '90071992547409.93',
    '-12345678901234567890123456789012345678.9',
  ])('%s in bytes is exact', (text) => {
    expect(readField(bytes, new Big(text))).toEqual(new Big(text));
  });

  test.each([
    '0',
    '-0.000000001',
    '12345678901234567890.123456789',
    '-12345678901234567890.123456789',
  ])('%s in a fixed is exact', (text) => {
    expect(readField(fixed, new Big(text))).toEqual(new Big(text));
  });

  test('are read from the bytes that Java writes', () => {
    // new BigDecimal("-1234.56").unscaledValue().toByteArray()
    expect(readField(bytes, Buffer.from([0xfe, 0x1d, 0xc0]))).toEqual(new Big('-1234.56'));
    // The same with sign bytes before it.
    expect(readField(bytes, Buffer.from('fffffffffffffffe1dc0', 'hex'))).toEqual(
      new Big('-1234.56'),
    );
  });

  test('have scale 0 when the schema names none', () => {
    const type = { type: 'bytes', logicalType: 'decimal', precision: 4 };
    expect(readField(type, Buffer.from([0x0f]))).toEqual(new Big(15));
  });

  test('of no bytes, or of more than any money has, are undecodable', () => {
    expect(() => readField(bytes, Buffer.alloc(0))).toThrow('a decimal of 0 bytes');
    expect(() => readField(bytes, Buffer.alloc(5000))).toThrow(UndecodableError);
  });

  test.each([
    { type: 'bytes', logicalType: 'decimal', scale: 2 },
    { type: 'bytes', logicalType: 'decimal', precision: 2, scale: 3 },
    { type: 'bytes', logicalType: 'decimal', precision: 0 },
    { type: 'bytes', logicalType: 'decimal', precision: 4, scale: -1 },
    { type: 'bytes', logicalType: 'decimal', precision: '4' },
  ])('of parameters that make no sense are their bytes: %j', (type) => {
    expect(readField(type, Buffer.from([1, 2]))).toEqual(Buffer.from([1, 2]));
  });
});

describe('other logical types', () => {
  const milliseconds = Date.parse('2026-11-24T08:00:00.123Z');
  const at = new Instant(milliseconds);

  test.each(['timestamp', 'local-timestamp'])('%s comes in three units', (kind) => {
    const type = (unit: string) => ({ type: 'long', logicalType: `${kind}-${unit}` });
    expect(readField(type('millis'), milliseconds)).toEqual(at);
    expect(readField(type('micros'), milliseconds * 1000 + 999)).toEqual(at);
    expect(readField(type('nanos'), BigInt(milliseconds) * 1_000_000n + 999_999n)).toEqual(at);
  });

  test('a time before 1970 is cut downwards, as one after it is', () => {
    const micros = { type: 'long', logicalType: 'timestamp-micros' };
    const nanos = { type: 'long', logicalType: 'timestamp-nanos' };
    expect(readField(micros, -1)).toEqual(new Instant(-1));
    expect(readField(nanos, -(2n ** 62n))).toEqual(new Instant(-4611686018428));
    expect(readField(nanos, -1_000_000n * 2n ** 40n)).toEqual(new Instant(-(2 ** 40)));
  });

  test('a timestamp beyond any date is undecodable', () => {
    const type = { type: 'long', logicalType: 'timestamp-millis' };
    expect(() => readField(type, 2n ** 63n - 1n)).toThrow(/beyond any date/);
  });

  test('a date is midnight in UTC', () => {
    const type = { type: 'int', logicalType: 'date' };
    expect(readField(type, 20781)).toEqual(new Instant(Date.parse('2026-11-24')));
    expect(readField(type, -1)).toEqual(new Instant(Date.parse('1969-12-31')));
  });

  test('a uuid is text, also from 16 bytes', () => {
    const text = '0f8fad5b-d9cb-469f-a165-70867728950e';
    expect(readField({ type: 'string', logicalType: 'uuid' }, text)).toBe(text);
    const type = { type: 'fixed', name: 'Uuid', size: 16, logicalType: 'uuid' };
    expect(readField(type, Buffer.from(text.replaceAll('-', ''), 'hex'))).toBe(text);
  });

  test('a nullable one is converted, or null', () => {
    const type = ['null', { type: 'long', logicalType: 'timestamp-millis' }];
    expect(readField(type, milliseconds)).toEqual(at);
    expect(readField(type, null)).toBeNull();
  });

  test('a duration is its three numbers', () => {
    const type = { type: 'fixed', name: 'Span', size: 12, logicalType: 'duration' };
    const span = { months: 1, days: 0, milliseconds: 2 ** 32 - 1 };
    expect(readField(type, span)).toEqual(span);
    expect(readField(type, Buffer.from('0100000002000000ffffff00', 'hex'))).toEqual({
      months: 1,
      days: 2,
      milliseconds: 0xffffff,
    });
  });

  test.each(['0', '1.1', '-0.000000001', '1e+20', '123456789012345678901234567890.123456789'])(
    'the big-decimal %s says its own scale',
    (text) => {
      const type = { type: 'bytes', logicalType: 'big-decimal' };
      expect(readField(type, new Big(text))).toEqual(new Big(text));
    },
  );

  test.each([
    ['of a scale that no money has', '0202ffffffff0f'],
    ['with bytes left over', '02020400'],
    ['without a scale', '0202'],
    ['longer than its bytes', '0a0204'],
    ['of no bytes', '0004'],
  ])('a big-decimal %s is undecodable', (_, hex) => {
    const type = { type: 'bytes', logicalType: 'big-decimal' };
    expect(() => readField(type, Buffer.from(hex, 'hex'))).toThrow(UndecodableError);
  });

  test('unknown ones, times of day, and ones on the wrong type are their base value', () => {
    expect(readField({ type: 'int', logicalType: 'time-millis' }, 5)).toBe(5);
    expect(readField({ type: 'long', logicalType: 'time-micros' }, 5)).toBe(5);
    expect(readField({ type: 'string', logicalType: 'email' }, 'a@b')).toBe('a@b');
    expect(readField({ type: 'string', logicalType: 'timestamp-millis' }, 'noon')).toBe('noon');
    expect(readField({ type: 'int', logicalType: 'timestamp-millis' }, 5)).toBe(5);
    expect(readField({ type: 'string', logicalType: 'decimal', precision: 2 }, '1.5')).toBe('1.5');
    expect(readField({ type: 'long', logicalType: 'date' }, 5)).toBe(5);
  });
});

describe("Debezium's types, which only connect.name says", () => {
  const connect = (type: string, name: string) => ({ type, 'connect.name': `io.debezium.${name}` });
  const text = '2026-01-31T12:00:00.123Z';
  const noon = new Instant(Date.parse(text));

  test.each([
    ['int', 'time.Date', 20_484, new Instant(Date.parse('2026-01-31'))],
    ['long', 'time.Timestamp', noon.milliseconds, noon],
    ['long', 'time.MicroTimestamp', BigInt(noon.milliseconds) * 1_000n + 456n, noon],
    ['long', 'time.NanoTimestamp', BigInt(noon.milliseconds) * 1_000_000n + 456_789n, noon],
    ['long', 'time.MicroTime', 5, 5],
    ['string', 'time.ZonedTimestamp', text, text],
  ])('%s %s is read', (type, name, written, expected) => {
    expect(readField(connect(type, name), written)).toEqual(expected);
    expect(readField(['null', connect(type, name)], written)).toEqual(expected);
  });

  test('a decimal of any scale is read, also where it is named again', () => {
    const name = 'io.debezium.data.VariableScaleDecimal';
    const decimal = { ...record(name, { scale: 'int', value: 'bytes' }), 'connect.name': name };
    const schema = record('Value', { price: decimal, total: ['null', name], other: 'string' });
    const reader = compileReader(avro(schema), ['price', 'total', 'other']);
    const read = (price: unknown, total: unknown) =>
      reader.read(encode(schema, { price, total, other: 'x' }));
    expect(read(new Big('49.990'), new Big('-12e30'))).toEqual([
      new Big('49.99'),
      new Big('-12e30'),
      'x',
    ]);
    expect(read({ scale: 4, value: Buffer.from([1, 0]) }, null)).toEqual([
      new Big('0.0256'),
      null,
      'x',
    ]);
    expect(() => read({ scale: 2 ** 31 - 1, value: Buffer.from([1]) }, null)).toThrow(
      UndecodableError,
    );
    expect(() => read({ scale: 2, value: Buffer.alloc(300, 1) }, null)).toThrow(UndecodableError);
    expect(() => read({ scale: 2, value: Buffer.alloc(0) }, null)).toThrow(UndecodableError);
    expect(
      compileReader(avro(schema), ['other']).read(
        encode(schema, { price: new Big(1), total: null, other: 'x' }),
      ),
    ).toEqual(['x']);
  });

  test('a record that is called so and has other fields is a record', () => {
    const name = 'io.debezium.data.VariableScaleDecimal';
    const other = { ...record(name, { scale: 'int', value: 'string' }), 'connect.name': name };
    const schema = record('Value', { price: other });
    const bytes = encode(schema, { price: { scale: 1, value: 'x' } });
    expect(compileReader(avro(schema), ['price.value']).read(bytes)).toEqual(['x']);
  });
});
