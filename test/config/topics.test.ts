import { describe, expect, test } from 'vitest';
import { takesTopic, topicsOf } from '../../src/config/topics.ts';
import { problemsOf, withMappings } from './files.ts';

describe('the topics of a mapping', () => {
  test.each([
    ['orders', 'orders', true],
    ['orders', 'orders.eu', false],
    ['/^shop\\..*\\.orders$/', 'shop.eu.orders', true],
    ['/^shop\\..*\\.orders$/', 'shop.eu.orders.v2', false],
    ['/orders/', 'my.orders.v2', true],
    ['/./', '__consumer_offsets', false],
    ['/./', '_schemas', false],
    ['/./', 'powerspace-connector.dead-letters', false],
    ['_schemas', '_schemas', true],
  ])('%s takes %s: %s', (setting, topic, expected) => {
    expect(takesTopic(setting, topic)).toBe(expected);
  });

  test('are those of the cluster that a pattern fits, or the one that is named', () => {
    const cluster = ['b.orders', 'a.orders', 'a.leads'];
    expect(topicsOf('/orders$/', cluster)).toEqual(['a.orders', 'b.orders']);
    expect(topicsOf('c.orders', cluster)).toEqual(['c.orders']);
  });
});

const order = 'event: OrderPlaced, record: order, user: customerId';

describe('mappings of overlapping topics', () => {
  test('agree on the format, also when one is a pattern', async () => {
    const content = withMappings(
      `topic: shop.orders, ${order}`,
      `topic: /orders/, ${order}, format: bare, schema: o.avsc`,
    );
    expect(await problemsOf(content)).toEqual([
      'connector.yaml:3:13: error: mappings[1].topic: all mappings of a topic must have the same format, useId and schema; mappings[0] has others',
    ]);
  });

  test('leave each other events', async () => {
    const twin =
      'has the topic, event and record of mappings[0], which leaves it no event; keep one of them, or give that one another when';
    const paid = `${order}, when: {status: PAID}`;
    const twice = (one: string, other: string) => problemsOf(withMappings(one, other));
    expect(await twice(`topic: /orders/, ${order}`, `topic: shop.orders, ${order}`)).toEqual([
      `connector.yaml:3:5: error: mappings[1]: ${twin}`,
    ]);
    expect(await twice(`topic: a, ${paid}`, `topic: a, ${paid}`)).toEqual([
      `connector.yaml:3:5: error: mappings[1]: ${twin}`,
    ]);
    expect(await twice(`topic: a, ${paid}`, `topic: a, ${order}`)).toEqual([]);
    expect(await twice(`topic: shop.orders, ${order}`, `topic: /orders/, ${order}`)).toEqual([]);
  });
});
