import { Big } from 'big.js';
import { describe, expect, test } from 'vitest';
import { UndecodableError, UnreadableSchemaError } from '../../src/avro/errors.ts';
import { compileReaders } from '../../src/avro/reader.ts';
import { avro, compileReader, encode, orderPlaced, readPaths, record } from './schemas.ts';

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

describe('a reader of some fields', () => {
  test('gives the values in the order of the paths', () => {
    const paths = ['note', 'total.currency', 'orderId', 'consent.marketing', 'total.amount'];
    expect(readPaths(orderPlaced, order, ...paths)).toEqual([
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
    expect(readPaths(orderPlaced, order, 'shipping.amount', 'shipping', 'orderId')).toEqual([
      null,
      null,
      'A-1',
    ]);
    const shipped = { ...order, shipping: { amount: new Big('5'), currency: 'EUR' } };
    expect(readPaths(orderPlaced, shipped, 'shipping.amount')).toEqual([new Big('5')]);
  });

  test('gives a path twice, and a record beside its own field', () => {
    const [id, total, sameId, currency] = readPaths(
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
    expect(readPaths(orderPlaced, order, 'lines', 'attributes', 'consent')).toEqual([
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
    expect(readPaths(schema, event, path)).toEqual([expected]);
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
    expect(readPaths(schema, event, ...paths)).toEqual([
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
    expect(readPaths(schema, { ...event, lines: null }, ...paths)).toEqual([null, null]);
    expect(readPaths(schema, { ...event, lines: [] }, ...paths)).toEqual([[], null]);
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
    const [parentName, parent, children] = readPaths(
      schema,
      tree,
      'parent.name',
      'parent.parent',
      'children',
    );
    expect([parentName, parent]).toEqual(['parent', null]);
    expect(children).toEqual(tree.children);
    expect(readPaths(schema, tree, 'name')).toEqual(['root']);
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
    expect(readPaths(schema, wide, 'children')[0]).toHaveLength(1_000);
    expect(readPaths(schema, wide, 'name')).toEqual(['leaf']);
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
