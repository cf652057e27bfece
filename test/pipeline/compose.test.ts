import Big from 'big.js';
import { describe, expect, test } from 'vitest';
import type { FieldValue } from '../../src/avro/reader.ts';
import { configSchema, type Mapping } from '../../src/config/schema.ts';
import { compose } from '../../src/pipeline/compose.ts';
import { mappingPaths, placeMapping } from '../../src/pipeline/eventMapping.ts';
import { record, silentSpan } from './fixtures.ts';
import { mapAll } from './mapAll.ts';

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
  const [mapped] = mapAll([decoded]).passed;
  if (!mapped) throw new Error('not mapped');
  const click = { userKey: 'u', clickId: settings.clickId ?? 'click-1', at: 0 };
  const joined = { mapped, click, span: silentSpan };
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

  test('in minor units is exact beyond twenty decimals', () => {
    const fields = euros(new Big(`100.4${'9'.repeat(28)}`));
    expect(sentValue(fields, { value: { ...value, unit: 'minor' } })).toBe('1');
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

  test.each<[string, FieldValue, string | undefined]>([
    ['the sum of an array', [new Big('19.99'), 20, '0.02'], '40.01'],
    ['the sum of arrays in an array, without what is null', [[1, null], [2]], '3'],
    ['nothing, when an array is empty', [], undefined],
  ])('is %s', (_, amount, expected) => {
    expect(sentValue(euros(amount))).toBe(expected);
  });

  test('of an array with what is no amount is an invalid field', () => {
    expect(outcomeOf(euros([1, 'two']))).toMatchObject({ reason: 'invalid-field' });
  });

  test.each<[string, FieldValue]>([
    ['a text', '9'.repeat(100_000)],
    ['a fraction', `0.${'3'.repeat(100_000)}`],
    ['a decimal', new Big('1e2499')],
    ['a decimal with nothing before its point', new Big('1e-2499')],
    ['a double', 1e308],
    ['a double that is all but nothing', 5e-324],
  ])('of %s with more digits than money has is an invalid field', (_, amount) => {
    expect(outcomeOf(euros([1, amount]))).toMatchObject({ reason: 'invalid-field' });
    expect(outcomeOf({ ...euros(1), 'shipping.amount': amount })).toMatchObject({
      reason: 'invalid-field',
    });
  });

  test('takes all digits that a decimal of 38 has', () => {
    const digits = '1234567890'.repeat(4).slice(0, 38);
    const exact = { value: { amount: 'total', unit: 'major' as const } };
    expect(sentValue({ total: new Big(digits) }, exact)).toBe(digits);
    expect(sentValue({ total: new Big(`0.${digits}`) }, exact)).toBe(`0.${digits}`);
  });

  test('takes a currency that is set once for all events', () => {
    const minor = { amount: 'cents', unit: 'minor' as const, currency: { constant: 'EUR' } };
    expect(sentValue({ cents: 4999 }, { value: minor })).toBe('49.99');
  });

  test('takes a currency in small letters, as some platforms write it', () => {
    expect(sentValue({ 'total.amount': 5, 'total.currency': 'eur' })).toBe('5');
  });

  describe('in another currency', () => {
    const convert = { to: 'EUR', rates: { USD: 0.92, GBP: '1.170000000000000001', JPY: 0.0061 } };
    const converted = { amount: 'total.amount', currency: 'total.currency', convert };
    const reported = (amount: FieldValue, currency: string | null, more: object = {}) =>
      composeOrder(
        { user: 'u', 'total.amount': amount, 'total.currency': currency },
        { value: { ...converted, unit: 'major', ...more } },
      );

    test.each<[FieldValue, string, string]>([
      [100, 'USD', '92'],
      ['0.01', 'GBP', '0.01'],
      [new Big('1000000000000000'), 'GBP', '1170000000000000'],
      [new Big('10000000000000000'), 'GBP', '11700000000000000.01'],
      [49.99, 'EUR', '49.99'],
      [1000, 'JPY', '6.1'],
    ])('%s %s is reported as %s euros, by its rate', (amount, currency, expected) => {
      expect(reported(amount, currency).postback?.value).toBe(expected);
    });

    test('is scaled by its own exponent, and rounded to that of the currency reported', () => {
      expect(reported(1000, 'JPY', { unit: 'minor' }).postback?.value).toBe('6.1');
      expect(reported(333, 'USD', { unit: 'minor' }).postback?.value).toBe('3.06');
    });

    test.each(['CHF', null])('has no rate in %s, and the order is skipped', (currency) => {
      expect(reported(5, currency).outcome).toEqual({ outcome: 'skipped', reason: 'currency' });
    });
  });

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

  test.each([null, '', 'undefined', 'null'])(
    'needs the id that the mapping names: %s',
    (orderId) => {
      expect(outcomeOf({ ...euros(5), orderId }, { id: 'orderId' })).toMatchObject({
        reason: 'invalid-field',
      });
    },
  );
});

test('a stored click id that is malformed is never sent', () => {
  expect(outcomeOf(euros(5), { clickId: '{clickId}' })).toMatchObject({
    outcome: 'dead-lettered',
    reason: 'invalid-click-id',
  });
});
