import { describe, expect, test } from 'vitest';
import { definedNames, typesAt, undefinedNames } from '../../src/avro/schemaTree.ts';
import { avro, orderPlaced } from './schemas.ts';

const kindsAt = (path?: string) =>
  typesAt(avro(orderPlaced), path).map(({ kind, logicalType }) => logicalType ?? kind);

describe('what stands at a path of a schema', () => {
  test.each([
    [undefined, ['record']],
    ['orderId', ['string']],
    ['placedAt', ['timestamp-millis']],
    ['total', ['record']],
    ['total.amount', ['decimal']],
    ['shipping', ['null', 'record']],
    ['shipping.currency', ['string']],
    ['lines', ['array']],
    ['lines[0].price', ['double']],
    ['lines[*].quantity', ['int']],
    ['attributes.channel', ['string']],
    ['attributes["a.b"]', ['string']],
    ['consent.marketing', ['boolean']],
    ['lines.price', []],
    ['attributes[0]', []],
    ['orderId.length', []],
    ['nothing', []],
  ])('%s: %j', (path, kinds) => {
    expect(kindsAt(path)).toEqual(kinds);
  });

  test('has the full name of a record, its earlier names, and the symbols of an enum', () => {
    const event = { type: 'record', name: 'shop.New', aliases: ['Old', 'x.Older'], fields: [] };
    expect(typesAt(avro(event))).toMatchObject([
      { name: 'shop.New', aliases: ['shop.Old', 'x.Older'] },
    ]);
    expect(typesAt(avro(orderPlaced), 'status')).toMatchObject([
      { name: 'com.shop.Status', symbols: ['NEW', 'PAID', 'SHIPPED'] },
    ]);
  });

  test('is found through names of other schemas, types within types, and aliases of fields', () => {
    const money = {
      ...{ type: 'record', name: 'Money', namespace: 'a' },
      fields: [{ name: 'sum', aliases: ['amount'], type: { type: { type: 'long' } } }],
    };
    const event = { type: 'record', name: 'a.E', fields: [{ name: 'total', type: 'Money' }] };
    expect(typesAt(avro(event, [money]), 'total.amount')).toMatchObject([{ kind: 'long' }]);
    expect(typesAt(avro(event), 'total')).toEqual([]);
  });

  test('is found in a record that holds itself', () => {
    const node = {
      type: 'record',
      name: 'Node',
      fields: [{ name: 'next', type: ['null', 'Node'] }],
    };
    expect(typesAt(avro(node), 'next.next.next').map(({ kind }) => kind)).toEqual([
      'null',
      'record',
    ]);
  });
});

test('the names that a schema defines, and those that it needs of others', () => {
  const event = {
    ...{ type: 'record', name: 'E', namespace: 'shop' },
    fields: [
      { name: 'total', type: ['null', 'Money'] },
      { name: 'status', type: { type: 'enum', name: 'Status', symbols: ['A'] } },
      { name: 'again', type: { type: 'array', items: 'Status' } },
      { name: 'other', type: { type: 'map', values: 'common.Address' } },
    ],
  };
  expect(definedNames(avro(event))).toEqual(['shop.E', 'shop.Status']);
  expect(undefinedNames(avro(event))).toEqual(['shop.Money', 'common.Address']);
});
