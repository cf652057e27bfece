import { describe, expect, test } from 'vitest';
import { UndecodableError } from '../../src/avro/errors.ts';
import { fingerprintOf } from '../../src/avro/fingerprint.ts';
import { frame, unframe } from '../../src/avro/framing.ts';
import { avro, encode, orderPlaced, record } from './schemas.ts';

const payload = Buffer.from('payload');

describe('the format confluent', () => {
  test.each([0, 1, 256, 2 ** 31 - 1])('carries the schema id %d', (id) => {
    expect(unframe('confluent', frame('confluent', id, payload))).toEqual({
      schemaId: id,
      payload,
    });
  });

  test('is a zero, four bytes and the rest, which may be empty', () => {
    expect(frame('confluent', 7, payload)).toEqual(
      Buffer.concat([Buffer.from('0000000007', 'hex'), payload]),
    );
    expect(unframe('confluent', Buffer.from('0000000007', 'hex')).payload).toHaveLength(0);
  });

  test.each([
    ['', '0 bytes'],
    ['00000007', '4 bytes, 00000007'],
    ['0100000007aa', '6 bytes, 0100000007aa'],
    ['7b226f7264657249644141414141', '14 bytes, 7b226f726465724964414141…'],
    ['00ffffffff00', '6 bytes, 00ffffffff00'],
  ])('is not what "%s" is in', (hex, found) => {
    const value = Buffer.from(hex, 'hex');
    expect(() => unframe('confluent', value)).toThrow(UndecodableError);
    expect(() => unframe('confluent', value)).toThrow(found);
  });
});

describe('the format single-object', () => {
  const schema = avro(orderPlaced);
  const header = Buffer.alloc(10);
  header.writeUInt16BE(0xc301);
  header.writeBigUInt64LE(fingerprintOf(schema), 2);

  test('carries the fingerprint of its schema, which must be the configured one', () => {
    const value = Buffer.concat([header, payload]);
    expect(unframe('single-object', value, schema)).toEqual({ payload });
    const other = avro(record('com.shop.OrderPlaced', { orderId: 'string' }));
    expect(() => unframe('single-object', value, other)).toThrow(UndecodableError);
    expect(() => unframe('single-object', value, other)).toThrow(
      /written with another schema than the configured one: fingerprint [0-9a-f]{16}, not [0-9a-f]{16}/,
    );
  });

  test.each(['', 'c301', 'c30101020304050607', '00000000070000000000', 'c3020102030405060708'])(
    'is not what "%s" is in',
    (hex) => {
      expect(() => unframe('single-object', Buffer.from(hex, 'hex'), schema)).toThrow(
        UndecodableError,
      );
    },
  );

  test('needs a schema', () => {
    expect(() => unframe('single-object', header)).toThrow(TypeError);
  });
});

test('the format bare is the Avro value alone', () => {
  expect(unframe('bare', payload)).toEqual({ payload });
});

describe('the fingerprint of a schema', () => {
  // From share/test/data/schema-tests.txt of Apache Avro.
  test.each([
    ['null', 7195948357588979594n],
    ['boolean', -6970731678124411036n],
    [{ type: 'int', logicalType: 'date', doc: 'ignored' }, 8247732601305521295n],
    [{ type: 'long', logicalType: 'timestamp-millis' }, -3434872931120570953n],
    ['float', 5583340709985441680n],
    ['double', -8181574048448539266n],
    ['bytes', 5746618253357095269n],
    ['string', -8142146995180207161n],
    [['int', 'boolean'], 5392556393470105090n],
    [{ fields: [], type: 'record', name: 'foo' }, -4824392279771201922n],
    [{ fields: [], type: 'record', name: 'foo', namespace: 'x.y' }, 5916914534497305771n],
    [{ fields: [], type: 'record', name: 'a.b.foo', namespace: 'x.y' }, -4616218487480524110n],
    [
      {
        type: 'record',
        name: 'foo',
        doc: 'D',
        fields: [{ name: 'f1', type: { type: 'boolean' }, default: true }],
      },
      7843277075252814651n,
    ],
    [{ type: 'enum', name: 'foo', symbols: ['A1'] }, -6342190197741309591n],
    [{ type: 'fixed', name: 'foo', size: 15 }, 1756455273707447556n],
  ])('%j is that of the specification', (json, expected) => {
    expect(BigInt.asIntN(64, fingerprintOf(avro(json)))).toBe(expected);
  });

  test('does not depend on what the bytes do not depend on', () => {
    const plain = JSON.parse(
      JSON.stringify(orderPlaced, (key, value) => (key === 'default' ? undefined : value)),
    );
    expect(fingerprintOf(avro(orderPlaced))).toBe(fingerprintOf(avro(plain)));
    expect(encode(plain.fields[0].type, 'A')).toEqual(encode('string', 'A'));
  });
});
