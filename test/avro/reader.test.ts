import { Big } from 'big.js';
import { describe, expect, test } from 'vitest';
import { UndecodableError, UnreadableSchemaError } from '../../src/avro/errors.ts';
import { compileReaders, type FieldValue } from '../../src/avro/reader.ts';
import { avro, compileReader, encode, orderPlaced, record } from './schemas.ts';

const order = {
  orderId: 'A-1',
  customerId: 'customer 7',
  placedAt: new Date('2026-11-24T08:00:00.123Z'),
  status: 'PAID',
  total: { amount: new Big('49.90'), currency: 'EUR' },
  shipping: null,
  lines: [{ sku: 'S-1', quantity: 2, price: 19.99 }],
  attributes: { channel: 'web' },
  consent: { marketing: true, at: 1 },
  note: 'à la porte',
};

/** Writes a value with a schema and reads the paths of it. */
function read(json: unknown, value: unknown, ...paths: string[]): FieldValue[] {
  return compileReader(avro(json), paths).read(encode(json, value));
}

describe('a reader of some fields', () => {
  test('gives the values in the order of the paths', () => {
    const paths = ['note', 'total.currency', 'orderId', 'consent.marketing', 'total.amount'];
    expect(read(orderPlaced, order, ...paths)).toEqual([
      'à la porte',
      'EUR',
      'A-1',
      true,
      new Big('49.90'),
    ]);
  });

  test('knows the name of the event with its namespace and without', () => {
    const reader = compileReader(avro(orderPlaced), []);
    expect([reader.fullName, reader.shortName]).toEqual(['com.shop.OrderPlaced', 'OrderPlaced']);
  });

  test('reads no field when none is asked for, but still wants the bytes whole', () => {
    const reader = compileReader(avro(orderPlaced), []);
    const bytes = encode(orderPlaced, order);
    expect(reader.read(bytes)).toEqual([]);
    expect(() => reader.read(bytes.subarray(1))).toThrow(UndecodableError);
  });

  test('gives null for a field within a nested record that is null', () => {
    expect(read(orderPlaced, order, 'shipping.amount', 'shipping', 'orderId')).toEqual([
      null,
      null,
      'A-1',
    ]);
    const shipped = { ...order, shipping: { amount: new Big('5'), currency: 'EUR' } };
    expect(read(orderPlaced, shipped, 'shipping.amount')).toEqual([new Big('5')]);
  });

  test('gives a path twice, and a record beside its own field', () => {
    const [id, total, sameId, currency] = read(
      orderPlaced,
      order,
      'orderId',
      'total',
      'orderId',
      'total.currency',
    );
    expect([id, sameId, currency]).toEqual(['A-1', 'A-1', 'EUR']);
    expect(total).toEqual({ amount: new Big('49.90'), currency: 'EUR' });
  });

  test('gives whole arrays, maps and records', () => {
    expect(read(orderPlaced, order, 'lines', 'attributes', 'consent')).toEqual([
      [{ sku: 'S-1', quantity: 2, price: 19.99 }],
      { channel: 'web' },
      { marketing: true, at: 1 },
    ]);
  });

  test('gives values that stay when the payload changes', () => {
    const schema = record('Event', {
      bytes: 'bytes',
      fixed: { type: 'fixed', name: 'F', size: 2 },
    });
    const payload = encode(schema, { bytes: Buffer.from('ab'), fixed: Buffer.from('cd') });
    const values = compileReader(avro(schema), ['bytes', 'fixed']).read(payload);
    payload.fill(0);
    expect(values).toEqual([Buffer.from('ab'), Buffer.from('cd')]);
  });

  test('is one of two for a record that may be null: the other is of no event', () => {
    const schema = ['null', record('com.shop.Event', { id: 'string' })];
    const { events, placeOf } = compileReaders(avro(schema), () => ['id']);
    expect(events.map(({ fullName }) => fullName)).toEqual(['null', 'com.shop.Event']);
    const payload = encode(schema, { id: 'A' });
    expect(events[placeOf(payload)]?.read(payload)).toEqual(['A']);
    expect(placeOf(encode(schema, null))).toBe(0);
  });

  test('of a schema that is no record has the name of its type, and no field', () => {
    const reader = compileReader(avro('string'), ['id']);
    expect(reader.fullName).toBe('string');
    expect(reader.missing.map(({ path }) => path)).toEqual(['id']);
    expect(reader.read(encode('string', 'text'))).toEqual([null]);
  });

  test.each(['constructor', 'toString', '__proto__', 'hasOwnProperty'])(
    'reads a field named %s as any other',
    (name) => {
      const fields = Object.fromEntries([
        [name, 'int'],
        ['id', 'string'],
      ]);
      const schema = record('Event', { ...fields, within: record('Within', fields) });
      const bytes = Buffer.concat([
        Buffer.from([14, 2]),
        Buffer.from('A'),
        Buffer.from([16, 2]),
        Buffer.from('B'),
      ]);
      const [own, id, within] = compileReader(avro(schema), [name, 'id', 'within']).read(bytes);
      expect([own, id]).toEqual([7, 'A']);
      expect(Object.entries(within as object)).toEqual([
        [name, 8],
        ['id', 'B'],
      ]);
      expect(Object.getPrototypeOf(within)).toBeNull();
    },
  );

  test('is refused for an invalid schema', () => {
    expect(() => compileReader(avro({ type: 'recrod' }), [])).toThrow(UnreadableSchemaError);
  });
});

describe('paths through arrays and maps', () => {
  const line = record('Line', {
    sku: 'string',
    tags: { type: 'array', items: 'string' },
    price: ['null', 'double'],
  });
  const schema = record('Event', {
    lines: ['null', { type: 'array', items: line }],
    byKey: { type: 'map', values: { type: 'array', items: 'Line' } },
    id: 'string',
  });
  const a = { sku: 'a', tags: ['x', 'y'], price: 1.5 };
  const b = { sku: 'b', tags: [], price: null };
  const c = { sku: 'c', tags: ['z'], price: 3 };
  const event = { lines: [a, b, c], byKey: { one: [a], 'o.k': [b, c] }, id: 'A' };

  test.each([
    ['lines[0].sku', 'a'],
    ['lines[2].price', 3],
    ['lines[3].sku', null],
    ['lines[1]', b],
    ['lines[*].sku', ['a', 'b', 'c']],
    ['lines[*].price', [1.5, 3]],
    ['lines[*].tags', [['x', 'y'], [], ['z']]],
    ['lines[*].tags[*]', ['x', 'y', 'z']],
    ['lines[*].tags[0]', ['x', 'z']],
    ['lines[0].tags[*]', ['x', 'y']],
    ['byKey.one[0].sku', 'a'],
    ["byKey['o.k'][*].sku", ['b', 'c']],
    ['byKey.none[0].sku', null],
    ['byKey.none[*].sku', null],
  ])('%s reads as %j', (path, expected) => {
    expect(read(schema, event, path)).toEqual([expected]);
  });

  test('lead to the same values whichever others are asked for', () => {
    const paths = [
      'lines[*].sku',
      'lines[1].sku',
      'lines',
      'lines[*].sku',
      'lines[1].tags',
      'id',
      'byKey',
    ];
    expect(read(schema, event, ...paths)).toEqual([
      ['a', 'b', 'c'],
      'b',
      event.lines,
      ['a', 'b', 'c'],
      [],
      'A',
      event.byKey,
    ]);
  });

  test('lead to nothing in an array that is null, and to no values in one that is empty', () => {
    const paths = ['lines[*].sku', 'lines[0].sku'];
    expect(read(schema, { ...event, lines: null }, ...paths)).toEqual([null, null]);
    expect(read(schema, { ...event, lines: [] }, ...paths)).toEqual([[], null]);
  });

  test('read no more of the items than they need', () => {
    const type = { type: 'array', items: record('Item', { id: 'int', text: 'string' }) };
    // The text is no UTF-8, which only who reads it would see.
    const bytes = Buffer.from('040204c3280404c32800', 'hex');
    const items = avro(record('Event', { items: type }));
    expect(compileReader(items, ['items[*].id', 'items[1].id']).read(bytes)).toEqual([[1, 2], 2]);
    expect(() => compileReader(items, ['items[*].text']).read(bytes)).toThrow(UndecodableError);
    expect(() => compileReader(items, ['items[0]']).read(bytes)).toThrow(UndecodableError);
  });
});

describe('evolution: one set of paths, many writers', () => {
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
    expect(read(schema, value, ...paths)).toEqual(expected);
  });

  test('a field may become nullable, with null first or last, at each level', () => {
    const schema = record('Event', {
      id: ['string', 'null'],
      total: [record('Total', { amount: ['null', 'int'] }), 'null'],
    });
    expect(read(schema, { id: 'A', total: { amount: 7 } }, ...paths)).toEqual(expected);
    expect(read(schema, { id: null, total: null }, ...paths)).toEqual([null, null]);
    expect(read(schema, { id: 'A', total: { amount: null } }, ...paths)).toEqual(['A', null]);
  });

  test('records may move to another namespace', () => {
    const schema = {
      ...record('Event', { id: 'string', total: record('eu.money.Total', { amount: 'int' }) }),
      namespace: 'com.other',
    };
    expect(compileReader(avro(schema), []).fullName).toBe('com.other.Event');
    expect(read(schema, { id: 'A', total: { amount: 7 } }, ...paths)).toEqual(expected);
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
    expect(read(schema, value, 'total.amount', 'fee.currency', 'shipping.amount')).toEqual([
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
    expect(read(schema, value, ...paths)).toEqual(['A', 2, 3, 'B']);
  });
});

describe('recursive records', () => {
  const schema = record('Node', {
    name: 'string',
    parent: ['null', 'Node'],
    children: { type: 'array', items: 'Node' },
  });
  const leaf = { name: 'leaf', parent: null, children: [] };
  const tree = {
    name: 'root',
    parent: { ...leaf, name: 'parent' },
    children: [leaf, { ...leaf, name: 'other' }],
  };

  test('are read along a path, skipped, and read whole', () => {
    const [parentName, parent, children] = read(
      schema,
      tree,
      'parent.name',
      'parent.parent',
      'children',
    );
    expect([parentName, parent]).toEqual(['parent', null]);
    expect(children).toEqual(tree.children);
    expect(read(schema, tree, 'name')).toEqual(['root']);
  });

  test('may nest 200 deep', () => {
    const nested = (depth: number) => {
      let node: unknown = null;
      for (let level = 0; level < depth; level += 1) node = { ...leaf, parent: node };
      return encode(schema, node);
    };
    for (const paths of [['name'], ['parent'], ['parent.name']]) {
      const reader = compileReader(avro(schema), paths);
      expect(reader.read(nested(200))[0]).not.toBeNull();
    }
  });

  test('may have any number of others beside them', () => {
    const wide = { ...leaf, children: Array(1_000).fill({ ...leaf, parent: leaf }) };
    expect(read(schema, wide, 'children')[0]).toHaveLength(1_000);
    expect(read(schema, wide, 'name')).toEqual(['leaf']);
  });

  test('that hold themselves without end are undecodable', () => {
    const endless = avro(record('Endless', { self: 'Endless' }));
    const list = avro(record('List', { self: { type: 'array', items: endless.json } }));
    for (const paths of [[], ['self']]) {
      expect(() => compileReader(endless, paths).read(Buffer.alloc(0))).toThrow(UndecodableError);
      expect(compileReader(list, paths).read(Buffer.from([0]))).toHaveLength(paths.length);
    }
  });
});
