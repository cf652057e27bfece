import { describe, expect, test } from 'vitest';
import type { MissingPath } from '../../src/avro/reader.ts';
import { avro, compileReader, orderPlaced, record } from './schemas.ts';

function missing(path: string, json: unknown = orderPlaced): MissingPath | undefined {
  return compileReader(avro(json), [path]).missing[0];
}

describe('a path that a schema does not have', () => {
  test('is told with what is there instead and the nearest path', () => {
    expect(missing('total.amont')).toEqual({
      path: 'total.amont',
      at: 'total.amont',
      fields: ['amount', 'currency'],
      nearest: 'total.amount',
      reason:
        '"total.amont" is not a field of com.shop.OrderPlaced: "total" has amount, currency; did you mean "total.amount"?',
    });
  });

  test('may fail at its first name', () => {
    expect(missing('custId')?.reason).toBe(
      '"custId" is not a field of com.shop.OrderPlaced: it has orderId, customerId, placedAt, status, total, shipping, lines, attributes, consent, note; did you mean "customerId"?',
    );
    expect(missing('totl.amount')).toMatchObject({ at: 'totl', nearest: 'total.amount' });
  });

  test('may be wrong twice and still have a nearest path', () => {
    expect(missing('totl.amont')).toMatchObject({ at: 'totl', nearest: 'total.amount' });
  });

  test('differs in case or in underscores', () => {
    expect(missing('order_id')?.nearest).toBe('orderId');
    expect(missing('ORDERID')?.nearest).toBe('orderId');
  });

  test('has no nearest path when none reads almost the same', () => {
    expect(missing('voucher')).not.toHaveProperty('nearest');
    expect(missing('voucher')?.reason).not.toContain('did you mean');
  });

  test.each([
    ['status.code', 'enum'],
    ['note.text', 'null or string'],
    ['orderId.x', 'string'],
  ])('%s leads through a value without fields', (path, type) => {
    const before = path.slice(0, path.indexOf('.'));
    expect(missing(path)).toMatchObject({ at: path, fields: [] });
    expect(missing(path)?.reason).toBe(
      `"${path}" is not a field of com.shop.OrderPlaced: "${before}" is of type ${type} and has no fields`,
    );
  });

  test.each([
    ['lines.sku', '"lines" is an array: lines[0].sku or lines[*].sku'],
    ['lines.sku.length', '"lines" is an array: lines[0].sku.length or lines[*].sku.length'],
    ['total[0]', '"total" is no array: it has amount, currency'],
    ['total[*].amount', '"total" is no array: it has amount, currency'],
    ['attributes[0]', `"attributes" is a map, not an array: attributes.key or attributes['a key']`],
    ['note[0]', '"note" is of type null or string and no array'],
    ['[0].orderId', 'it is no array: it has orderId,'],
    ['lines[0].skus', '"lines[0]" has sku, quantity, price; did you mean "lines[0].sku"?'],
    ['lines[*].skus', '"lines[*]" has sku, quantity, price; did you mean "lines[*].sku"?'],
    ['attributes.utm.source', '"attributes.utm" is of type string and has no fields'],
  ])('%s explains the step that is wrong', (path, reason) => {
    expect(missing(path)?.reason).toContain(
      `"${path}" is not a field of com.shop.OrderPlaced: ${reason}`,
    );
  });

  test.each([
    'lines[0].sku',
    'lines[*].sku',
    'lines[7]',
    'attributes.channel',
    "attributes['a.b']",
  ])('%s is there', (path) => {
    expect(missing(path)).toBeUndefined();
  });

  test('leads through nullable records, and through each record of a union', () => {
    expect(missing('shipping.currency')).toBeUndefined();
    expect(missing('consent.market')?.fields).toEqual(['marketing', 'at']);
    const union = record('Event', {
      payment: [record('Card', { id: 'int' }), record('Cash', { sum: 'int', id: 'int' })],
    });
    expect(missing('payment.sum', union)).toBeUndefined();
    expect(missing('payment.x', union)?.fields).toEqual(['id', 'sum']);
  });

  test('names the first twenty fields of many', () => {
    const names = Array.from({ length: 30 }, (_, index) => `field${index}`);
    const wide = record('Wide', Object.fromEntries(names.map((name) => [name, 'int'])));
    expect(missing('nothing', wide)?.reason).toContain('field19 and 10 more');
    expect(missing('nothing', wide)?.fields).toEqual(names);
  });

  test('is no field that every object has', () => {
    expect(missing('constructor')?.at).toBe('constructor');
    expect(missing('__proto__.x')?.at).toBe('__proto__');
  });
});
