import { deflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { UndecodableError } from '../../src/avro/errors.ts';
import { fingerprintOf } from '../../src/avro/fingerprint.ts';
import { createUnframe, frame, inflate, type Wire } from '../../src/avro/framing.ts';
import type { Headers } from '../../src/avro/headers.ts';
import { avro, encode, orderPlaced } from './schemas.ts';

const payload = Buffer.from('payload');
const uuid = '0198a4f2-7c1e-7b43-9a51-3d2f6e8c1b07';
const uuidBytes = Buffer.from(uuid.replaceAll('-', ''), 'hex');

function bytes(hex: string, ...rest: readonly Buffer[]): Buffer {
  return Buffer.concat([Buffer.from(hex, 'hex'), ...rest]);
}

/** What its frame says of a value, with the bytes behind it. */
function unframe(wire: Wire, value: Buffer, headers?: Headers) {
  const { start, ...said } = createUnframe(wire)(value, headers);
  return { ...said, payload: value.subarray(start) };
}

/** The value that a frame of AWS Glue holds. */
function inflated(value: Buffer): Buffer {
  return inflate(createUnframe({ format: 'glue' })(value), value);
}

function expectUndecodable(wire: Wire, value: Buffer, found: string | RegExp, headers?: Headers) {
  expect(() => unframe(wire, value, headers)).toThrow(UndecodableError);
  expect(() => unframe(wire, value, headers)).toThrow(found);
}

describe('the format confluent', () => {
  const wire = { format: 'confluent' } as const;

  test.each([0, 1, 256, 2 ** 31 - 1])('carries the schema id %d', (id) => {
    expect(unframe(wire, frame('confluent', id, payload))).toEqual({
      reference: { kind: 'id', value: id },
      payload,
    });
  });

  test('is a zero, four bytes and the rest, which may be empty', () => {
    expect(frame('confluent', 7, payload)).toEqual(bytes('0000000007', payload));
    expect(unframe(wire, bytes('0000000007')).payload).toHaveLength(0);
  });

  test.each([
    ['', '0 bytes'],
    ['00000007', '4 bytes, 00000007'],
    ['0100000007aa', '6 bytes, 0100000007aa'],
    ['7b226f7264657249644141414141', '14 bytes, 7b22····················…'],
    ['00ffffffff00', '6 bytes, 00ffffffff00'],
  ])('is not what "%s" is in', (hex, found) => {
    expectUndecodable(wire, bytes(hex), found);
  });

  test('is that of the payload where the header has no value', () => {
    for (const header of [null, [null]]) {
      const said = unframe(wire, bytes('0000000007'), { __value_schema_id: header });
      expect(said.reference).toEqual({ kind: 'id', value: 7 });
    }
  });

  test('carries a GUID in a header, before the bare value, whatever that starts with', () => {
    const header = bytes('01', uuidBytes);
    const bare = bytes('0000000007', payload);
    const expected = { reference: { kind: 'guid', value: uuid }, payload: bare };
    expect(unframe(wire, bare, { __value_schema_id: header })).toEqual(expected);
    expect(unframe(wire, bare, { __value_schema_id: [bytes('01'), header] })).toEqual(expected);
    expect(unframe(wire, bare, { __key_schema_id: header }).reference).toEqual({
      kind: 'id',
      value: 7,
    });
  });

  test.each(['', '01', '02000102030405060708090a0b0c0d0e0f', '00ffffffff'])(
    'takes no header that holds "%s"',
    (hex) => {
      const headers = { __value_schema_id: bytes(hex) };
      expectUndecodable(wire, bytes('0000000007'), 'header __value_schema_id', headers);
    },
  );
});

describe('the format apicurio', () => {
  const contentId = (value: number) => ({ kind: 'contentId', value });
  const globalId = (value: number) => ({ kind: 'globalId', value });

  test.each<[Wire, string, object]>([
    [{ format: 'apicurio' }, '0000000007', contentId(7)],
    [{ format: 'apicurio', useId: 'globalId' }, '0000000007', globalId(7)],
    [{ format: 'apicurio-v2' }, '000000000000000007', globalId(7)],
    [{ format: 'apicurio-v2', useId: 'contentId' }, '00001fffffffffffff', contentId(2 ** 53 - 1)],
  ])('%j takes the id in %s', (wire, hex, reference) => {
    expect(unframe(wire, bytes(hex, payload))).toEqual({ reference, payload });
  });

  test.each<[Wire['format'], string, string]>([
    ['apicurio', '00000007', 'starts with 00 and an id of 4 bytes: 4 bytes, 00000007'],
    ['apicurio', '0100000007', 'starts with 00'],
    ['apicurio', '00ffffffff', 'since -1 is no id'],
    ['apicurio-v2', '0000000000000007', 'starts with 00 and an id of 8 bytes'],
    ['apicurio-v2', '00ffffffffffffffff', 'since -1 is no id'],
    ['apicurio-v2', '000020000000000000', 'since 9007199254740992 is no id'],
  ])('%s is not what "%s" is in', (format, hex, found) => {
    expectUndecodable({ format }, bytes(hex), found);
  });

  test.each(['apicurio', 'apicurio-v2'] as const)(
    '%s takes an id from a header first',
    (format) => {
      const id = bytes('0000000000000009');
      for (const name of ['globalId', 'contentId']) {
        const headers = { [`apicurio.value.${name}`]: id, 'apicurio.value.encoding': 'BINARY' };
        const reference = { kind: name, value: 9 };
        expect(unframe({ format }, payload, headers)).toEqual({ reference, payload });
      }
    },
  );

  test.each(['globalId', 'contentId'])(
    'takes the id of the payload where the header %s has no value',
    (name) => {
      const headers = { [`apicurio.value.${name}`]: null };
      const { reference } = unframe({ format: 'apicurio' }, bytes('0000000007'), headers);
      expect(reference).toEqual({ kind: 'contentId', value: 7 });
    },
  );

  test('takes no id of another length from a header, and no JSON', () => {
    const wire = { format: 'apicurio' } as const;
    const short = { 'apicurio.value.globalId': bytes('00000009') };
    expectUndecodable(wire, payload, 'no id of 8 bytes: 4 bytes, 00000009', short);
    const json = { 'apicurio.value.encoding': Buffer.from('JSON') };
    expectUndecodable(wire, bytes('0000000007'), 'written as JSON', json);
  });
});

describe('the format glue', () => {
  const wire = { format: 'glue' } as const;
  const reference = { kind: 'versionId', value: uuid };

  test('carries the UUID of a schema version, and the value as it is or by zlib', () => {
    const plain = unframe(wire, bytes('0300', uuidBytes, payload));
    expect(plain).toEqual({ reference, payload });
    const deflated = bytes('0305', uuidBytes, deflateSync(payload));
    expect(unframe(wire, deflated)).toMatchObject({ reference, compression: 'zlib' });
    expect(inflated(deflated)).toEqual(payload);
  });

  test.each([
    ['', 'starts with 03'],
    ['0000000007', 'starts with 03'],
    ['0300000102030405060708090a0b0c0d0e', 'starts with 03'],
    ['0301000102030405060708090a0b0c0d0e0f', 'second byte is 00'],
  ])('is not what "%s" is in', (hex, found) => {
    expectUndecodable(wire, bytes(hex), found);
  });

  test.each<[string, Buffer, string]>([
    ['is no zlib', payload, 'incorrect header check'],
    ['is cut', deflateSync(payload).subarray(0, -2), 'unexpected end of file'],
    ['has more behind it', bytes('', deflateSync(payload), Buffer.from('x')), '1 bytes are left'],
    ['is a bomb', deflateSync(Buffer.alloc(64 * 1024 * 1024)), 'more than 8388608 bytes'],
  ])('is undecodable where what it compressed %s', (_, deflated, found) => {
    const inFrame = bytes('0305', uuidBytes, deflated);
    expect(() => inflated(inFrame)).toThrow(UndecodableError);
    expect(() => inflated(inFrame)).toThrow(found);
  });
});

describe('the format single-object', () => {
  const wire = { format: 'single-object' } as const;

  test('carries the fingerprint of its schema', () => {
    const reference = fingerprintOf(avro(orderPlaced));
    const fingerprint = Buffer.from(reference.value, 'hex').reverse();
    expect(unframe(wire, bytes('c301', fingerprint, payload))).toEqual({ reference, payload });
  });

  test.each(['', 'c301', 'c30101020304050607', '00000000070000000000', 'c3020102030405060708'])(
    'is not what "%s" is in',
    (hex) => expectUndecodable(wire, bytes(hex), 'starts with c301'),
  );
});

test('the format bare is the Avro value alone', () => {
  expect(unframe({ format: 'bare' }, payload)).toEqual({ payload });
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
    const { value } = fingerprintOf(avro(json));
    expect(BigInt.asIntN(64, BigInt(`0x${value}`))).toBe(expected);
  });

  test('does not depend on what the bytes do not depend on', () => {
    const plain = JSON.parse(
      JSON.stringify(orderPlaced, (key, value) => (key === 'default' ? undefined : value)),
    );
    expect(fingerprintOf(avro(orderPlaced))).toEqual(fingerprintOf(avro(plain)));
    expect(encode(plain.fields[0].type, 'A')).toEqual(encode('string', 'A'));
  });
});
