import { describe, expect, test } from 'vitest';
import { avro, compileReader, encode, readPaths, record } from './schemas.ts';

describe('one set of paths, many writers', () => {
  const paths = ['id', 'total.amount'];
  const expected = ['A', 7];

  test('fields may be reordered and others may stand between them', () => {
    const total = record('Total', {
      tax: 'double',
      amount: 'int',
      more: { type: 'array', items: 'string' },
    });
    const schema = record('Event', {
      first: 'long',
      total,
      middle: ['null', 'string'],
      id: 'string',
      last: 'bytes',
    });
    const value = {
      first: 1,
      total: { tax: 0.2, amount: 7, more: ['x', 'y'] },
      middle: null,
      id: 'A',
      last: Buffer.alloc(3),
    };
    expect(readPaths(schema, value, ...paths)).toEqual(expected);
  });

  test('a field may become nullable, with null first or last, at each level', () => {
    const schema = record('Event', {
      id: ['string', 'null'],
      total: [record('Total', { amount: ['null', 'int'] }), 'null'],
    });
    expect(readPaths(schema, { id: 'A', total: { amount: 7 } }, ...paths)).toEqual(expected);
    expect(readPaths(schema, { id: null, total: null }, ...paths)).toEqual([null, null]);
    expect(readPaths(schema, { id: 'A', total: { amount: null } }, ...paths)).toEqual(['A', null]);
  });

  test('records may move to another namespace', () => {
    const schema = {
      ...record('Event', { id: 'string', total: record('eu.money.Total', { amount: 'int' }) }),
      namespace: 'com.other',
    };
    expect(compileReader(avro(schema), []).fullName).toBe('com.other.Event');
    expect(readPaths(schema, { id: 'A', total: { amount: 7 } }, ...paths)).toEqual(expected);
  });

  test('of several records in a union, the one that is there gives the field, if it has it', () => {
    const schema = record('Event', {
      payment: [
        'null',
        record('Card', { id: 'string', last4: 'string' }),
        record('Cash', { id: 'string' }),
      ],
    });
    const reader = compileReader(avro(schema), ['payment.id', 'payment.last4']);
    expect(reader.missing).toEqual([]);
    const card = encode(schema, { payment: { Card: { id: 'C', last4: '1234' } } });
    const cash = encode(schema, { payment: { Cash: { id: 'D' } } });
    expect(reader.read(card)).toEqual(['C', '1234']);
    expect(reader.read(cash)).toEqual(['D', null]);
  });

  test('records of a union may have the field at different depths and of different types', () => {
    const price = record('Price', { amount: 'int' });
    const schema = record('Event', {
      payment: [
        record('Card', { total: price, code: 'string' }),
        record('Cash', { total: ['null', record('Sum', { amount: 'string', Card: 'int' })] }),
        record('Gift', { total: { type: 'map', values: 'int' } }),
      ],
    });
    const reader = compileReader(avro(schema), ['payment.total.amount', 'payment.code']);
    const readPayment = (payment: unknown) => reader.read(encode(schema, { payment }));
    expect(readPayment({ Card: { total: { amount: 7 }, code: 'C' } })).toEqual([7, 'C']);
    expect(readPayment({ Cash: { total: { amount: '7', Card: 1 } } })).toEqual(['7', null]);
    expect(readPayment({ Cash: { total: null } })).toEqual([null, null]);
    expect(readPayment({ Gift: { total: { amount: 7 } } })).toEqual([7, null]);
  });

  test('a field that the writer does not have is null and is told', () => {
    const schema = record('Event', { id: 'string', total: record('Total', { amont: 'int' }) });
    const reader = compileReader(avro(schema), paths);
    expect(reader.read(encode(schema, { id: 'A', total: { amont: 7 } }))).toEqual(['A', null]);
    expect(reader.missing).toMatchObject([{ path: 'total.amount', nearest: 'total.amont' }]);
  });

  test('one named type may be used in several places and be read in each', () => {
    const schema = record('Event', {
      total: record('Money', { amount: 'int', currency: 'string' }),
      fee: 'Money',
      shipping: ['null', 'Money'],
    });
    const value = {
      total: { amount: 1, currency: 'EUR' },
      fee: { amount: 2, currency: 'USD' },
      shipping: { amount: 3, currency: 'GBP' },
    };
    expect(readPaths(schema, value, 'total.amount', 'fee.currency', 'shipping.amount')).toEqual([
      1,
      'USD',
      3,
    ]);
  });

  test('a field is found by a name that its writer says it had, unless another has that name', () => {
    const fields = [
      { name: 'sum', type: 'int', aliases: ['total', 'id'] },
      { name: 'id', type: 'string', aliases: ['total'] },
    ];
    const schema = { type: 'record', name: 'Event', fields };
    const reader = compileReader(avro(schema), ['total', 'id', 'sum']);
    expect(reader.read(encode(schema, { sum: 7, id: 'A' }))).toEqual([7, 'A', 7]);
  });

  test('a mistake in a default, an alias or an order does not make events unreadable', () => {
    const schema = record('Event', { id: 'string', count: 'int' });
    const fields = [
      { name: 'id', type: 'string', default: null, aliases: ['not a name'] },
      { name: 'count', type: 'int', default: 'none', order: 'sideways' },
    ];
    const bytes = encode(schema, { id: 'A', count: 1 });
    expect(
      compileReader(avro({ ...schema, aliases: ['no name'], fields }), ['id']).read(bytes),
    ).toEqual(['A']);
  });

  test('types may be nested in an object, and be named in one, as Java allows', () => {
    const schema = record('com.shop.Event', {
      id: { type: { type: 'string', 'avro.java.string': 'String' } },
      first: { type: record('Money', { amount: 'int' }) },
      second: { type: 'Money' },
      third: { type: ['null', { type: 'com.shop.Money' }] },
      fourth: { type: ['string'] },
    });
    const value = {
      id: 'A',
      first: { amount: 1 },
      second: { amount: 2 },
      third: { amount: 3 },
      fourth: 'B',
    };
    const paths = ['id', 'second.amount', 'third.amount', 'fourth'];
    expect(readPaths(schema, value, ...paths)).toEqual(['A', 2, 3, 'B']);
  });
});
