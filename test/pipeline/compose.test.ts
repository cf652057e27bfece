import Big from 'big.js';
import { describe, expect, test } from 'vitest';
import type { FieldValue } from '../../src/avro/reader.ts';
import { configSchema, type Mapping } from '../../src/config/schema.ts';
import { compose } from '../../src/pipeline/compose.ts';
import { mappingPaths, placeMapping } from '../../src/pipeline/eventMapping.ts';
import { map } from '../../src/pipeline/map.ts';
import { record, silentSpan } from './fixtures.ts';

type OrderValue = Extract<Mapping, { record: 'order' }>['value'];

const value = {
  amount: 'total.amount',
  unit: 'major' as const,
  minus: ['shipping.amount'],
  currency: 'total.currency',
  accept: ['EUR', 'JPY', 'KWD'],
};

/** What an order with these fields becomes: its postback and key, or its outcome. */
function composeOrder(
  fields: Record<string, FieldValue>,
  settings: { value?: OrderValue; id?: string; clickId?: string; offset?: number } = {},
) {
  const mapping = parseMapping({ id: settings.id, value: settings.value ?? value });
  const paths = mappingPaths(mapping).map(({ path }) => path);
  const values = paths.map((path) => fields[path] ?? null);
  const decoded = {
    record: record(settings.offset ?? 0),
    mappings: [placeMapping(mapping, paths, [])],
    values,
  };
  const [mapped] = map([decoded]).passed;
  if (!mapped) throw new Error('not mapped');
  const joined = { mapped, clickId: settings.clickId ?? 'click-1', span: silentSpan };
  const { passed, settled } = compose([joined]);
  return { ...passed[0], ...settled[0] };
}

function parseMapping(fields: object): Mapping {
  const mapping = { topic: 'orders', event: 'Order', record: 'order', user: 'user', ...fields };
  const entries = Object.entries(mapping).filter(([, setting]) => setting !== undefined);
  const config = configSchema.parse({
    kafka: { brokers: 'localhost:9092' },
    mappings: [Object.fromEntries(entries)],
  });
  return config.mappings[0] as Mapping;
}

const sentValue = (fields: Record<string, FieldValue>, settings?: object) =>
  composeOrder({ user: 'u', ...fields }, settings).postback?.value;
const outcomeOf = (fields: Record<string, FieldValue>, settings?: object) =>
  composeOrder({ user: 'u', ...fields }, settings).outcome;
const euros = (amount: FieldValue) => ({ 'total.amount': amount, 'total.currency': 'EUR' });

describe('the value of an order', () => {
  test.each<[string, FieldValue, string]>([
    ['a decimal', new Big('49.99'), '49.99'],
    ['a double by its shortest form', 49.99, '49.99'],
    ['a double that no decimal equals', 0.1 + 0.2, '0.3'],
    ['a whole number', 50, '50'],
    ['a text', '49.90', '49.9'],
    ['a bigint', 9_007_199_254_740_993n, '9007199254740993'],
    ['a large double without an exponent', 1e21, '1000000000000000000000'],
  ])('is taken from %s', (_, amount, expected) => {
    expect(sentValue(euros(amount))).toBe(expected);
  });

  test('has what is to be subtracted taken off, and null takes nothing off', () => {
    expect(sentValue({ ...euros(new Big('49.99')), 'shipping.amount': new Big('4.99') })).toBe(
      '45',
    );
    expect(sentValue({ ...euros(new Big('49.99')), 'shipping.amount': null })).toBe('49.99');
  });

  test.each([
    ['EUR', 4999, '49.99'],
    ['JPY', 4999, '4999'],
    ['KWD', 4999, '4.999'],
  ])('in minor units of %s is scaled by its exponent', (currency, amount, expected) => {
    const fields = { 'total.amount': amount, 'total.currency': currency };
    expect(sentValue(fields, { value: { ...value, unit: 'minor' } })).toBe(expected);
  });

  test.each([
    ['EUR', '49.995', '50'],
    ['EUR', '49.994', '49.99'],
    ['JPY', '4999.5', '5000'],
  ])('of %s has at most the decimals of its currency: %s becomes %s', (currency, amount, sent) => {
    expect(sentValue({ 'total.amount': new Big(amount), 'total.currency': currency })).toBe(sent);
  });

  test('is left out where the event has no amount', () => {
    expect(composeOrder({ user: 'u', ...euros(null) }).postback).toEqual({
      kind: 'order',
      clickId: 'click-1',
      value: undefined,
    });
  });

  test.each(['0', '-10', '0.004'])('of %s is not positive, and the order is skipped', (amount) => {
    expect(outcomeOf(euros(new Big(amount)))).toEqual({
      outcome: 'skipped',
      reason: 'not-positive',
    });
  });

  test.each(['USD', null])(
    'in the currency %s is not accepted, and the order is skipped',
    (currency) => {
      expect(outcomeOf({ 'total.amount': 5, 'total.currency': currency })).toEqual({
        outcome: 'skipped',
        reason: 'currency',
      });
    },
  );

  test('that is no amount is an invalid field, named without its content', () => {
    const outcome = outcomeOf(euros('secret'));
    expect(outcome).toMatchObject({ outcome: 'dead-lettered', reason: 'invalid-field' });
    expect(JSON.stringify(outcome)).toContain('total.amount');
    expect(JSON.stringify(outcome)).not.toContain('secret');
  });
});

describe('the key of a conversion', () => {
  const keyOf = (fields: Record<string, FieldValue>, settings?: object) =>
    composeOrder({ user: 'u', ...euros(5), ...fields }, settings).key?.toString('hex');

  test('is the same for every record with its id, and differs for other ids', () => {
    const settings = { id: 'orderId' };
    const one = keyOf({ orderId: 'o-1' }, { ...settings, offset: 1 });
    expect(keyOf({ orderId: 'o-1' }, { ...settings, offset: 2 })).toBe(one);
    expect(keyOf({ orderId: 'o-2' }, settings)).not.toBe(one);
    expect(one).toMatch(/^[0-9a-f]{64}$/);
  });

  test('is that of its place in Kafka where the mapping has no id', () => {
    expect(keyOf({}, { offset: 1 })).not.toBe(keyOf({}, { offset: 2 }));
  });

  test('needs the id that the mapping names', () => {
    expect(outcomeOf({ ...euros(5), orderId: null }, { id: 'orderId' })).toMatchObject({
      reason: 'invalid-field',
    });
  });
});

test('a stored click id that is malformed is never sent', () => {
  expect(outcomeOf(euros(5), { clickId: '{clickId}' })).toMatchObject({
    outcome: 'dead-lettered',
    reason: 'invalid-click-id',
  });
});
