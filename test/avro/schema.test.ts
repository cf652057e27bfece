import { Big } from 'big.js';
import { describe, expect, test } from 'vitest';
import { encoder, parseSchema } from '../../src/avro/schema.ts';
import { ConfigurationError } from '../../src/errors.ts';
import { avro, compileReader, encode, orderPlaced, record } from './schemas.ts';

function problemsOf(text: string) {
  try {
    parseSchema(text, 'schemas/order.avsc');
  } catch (thrown) {
    if (thrown instanceof ConfigurationError) return thrown.problems;
    throw thrown;
  }
  return [];
}

describe('a schema file', () => {
  test('is parsed to its JSON', () => {
    expect(parseSchema(JSON.stringify(orderPlaced), 'order.avsc')).toEqual(avro(orderPlaced));
  });

  test('may have comments, as for Java', () => {
    const text =
      '/* Who\n   ordered. */\n{ // one\n"type": "fixed", "name": "Key", "size": 2 /**/}';
    expect(parseSchema(text, 'key.avsc').json).toEqual({ type: 'fixed', name: 'Key', size: 2 });
    const doc = { type: 'fixed', name: 'Key', size: 2, doc: 'https://shop.example/* // */' };
    expect(parseSchema(JSON.stringify(doc), 'key.avsc').json).toEqual(doc);
    expect(problemsOf('/* one\n   two */\n{ "type" // three\n}')).toMatchObject([
      { line: 4, column: 1 },
    ]);
    expect(problemsOf('{} /* open')).toHaveLength(1);
  });

  test.each(['constructor', 'toString', 'valueOf', 'hasOwnProperty', '__proto__'])(
    'may call its types and fields %s, as every object of JavaScript has it',
    (name) => {
      const inner = { type: 'record', name, fields: [{ name, type: 'string' }] };
      const schema = { json: record('Event', { one: inner, two: name }), references: [] };
      const bytes = Buffer.concat([encode('string', 'a'), encode('string', 'b')]);
      const reader = compileReader(schema, [`one.${name}`, `two.${name}`]);
      expect(reader.read(bytes)).toEqual(['a', 'b']);
    },
  );

  test('that is no JSON is refused with the place of the mistake', () => {
    const [problem, ...others] = problemsOf('{\n  "type": "record",\n  "name" }');
    expect(others).toEqual([]);
    expect(problem).toMatchObject({ severity: 'error', file: 'schemas/order.avsc', line: 3 });
    expect(problem?.message).toContain('not JSON');
    expect(problemsOf('')).toHaveLength(1);
  });

  test.each([
    ['null', 'invalid type'],
    ['5', 'unknown type'],
    ['{"type":"record"}', 'fields'],
    ['{"type":"recrod","name":"A","fields":[]}', 'undefined type name: recrod'],
    [
      '{"type":"record","name":"A","fields":[{"name":"b","type":"Missing"}]}',
      'undefined type name: Missing',
    ],
    ['{"type":"record","name":"A","fields":[{"name":"b c","type":"int"}]}', 'invalid field name'],
    ['["int","int"]', 'duplicate union branch'],
  ])('that is no Avro schema is refused: %s', (text, message) => {
    expect(problemsOf(text)).toEqual([
      {
        severity: 'error',
        file: 'schemas/order.avsc',
        message: expect.stringMatching(`^not a valid Avro schema: .*${message}`),
      },
    ]);
  });
});

describe('the encoder of producers', () => {
  test('fills in the defaults of fields that are left out', () => {
    const schema = record('Event', { id: 'string' });
    const fields = [
      ...(schema['fields'] as object[]),
      { name: 'note', type: ['null', 'string'], default: null },
    ];
    expect(encode({ ...schema, fields }, { id: 'A' })).toEqual(Buffer.from('024100', 'hex'));
  });

  test('takes dates, decimals and uuids, or their base values', () => {
    const millis = { type: 'long', logicalType: 'timestamp-millis' };
    const decimal = { type: 'bytes', logicalType: 'decimal', precision: 6, scale: 2 };
    const uuid = { type: 'fixed', name: 'Uuid', size: 16, logicalType: 'uuid' };
    const text = '0f8fad5b-d9cb-469f-a165-70867728950e';
    expect(encode(millis, new Date(1234))).toEqual(encode(millis, 1234));
    expect(encode({ type: 'int', logicalType: 'date' }, new Date(86_400_001))).toEqual(
      encode('int', 1),
    );
    expect(encode(decimal, new Big('-0.01'))).toEqual(Buffer.from('02ff', 'hex'));
    expect(encode(decimal, new Big('1.28'))).toEqual(Buffer.from('040080', 'hex'));
    expect(encode(decimal, Buffer.from([1]))).toEqual(Buffer.from('0201', 'hex'));
    expect(encode(uuid, text)).toEqual(Buffer.from(text.replaceAll('-', ''), 'hex'));
  });

  test('takes a union that is nested in an object for a union', () => {
    expect(encode({ type: ['string'] }, 'B')).toEqual(Buffer.from('000242', 'hex'));
  });

  test('refuses what does not fit', () => {
    const decimal = {
      type: 'fixed',
      name: 'D',
      size: 1,
      logicalType: 'decimal',
      precision: 2,
      scale: 2,
    };
    expect(() => encode('long', 2n ** 63n)).toThrow();
    expect(() => encode('long', 0.5)).toThrow();
    expect(() => encode('string', 7)).toThrow();
    expect(() => encode(decimal, new Big('1.28'))).toThrow('does not fit');
    expect(() => encode(decimal, new Big('0.001'))).toThrow('digits after the point');
    expect(() => encode(orderPlaced, {})).toThrow();
  });

  test('knows the types of the schemas that it refers to', () => {
    const schema = avro(record('com.shop.Event', { total: 'com.money.Money' }), [
      { type: 'enum', name: 'com.money.Currency', symbols: ['EUR'] },
      record('com.money.Money', { currency: 'Currency' }),
    ]);
    expect(encoder(schema)({ total: { currency: 'EUR' } })).toEqual(Buffer.from([0]));
  });
});
