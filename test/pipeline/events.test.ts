import { describe, expect, test } from 'vitest';
import { configSchema, type Mapping } from '../../src/config/schema.ts';
import { compileEvents, eventsIn } from '../../src/pipeline/events.ts';
import { avro, encode, record } from '../avro/schemas.ts';
import { cloudEvent, debeziumChange, debeziumOutbox } from './envelopes.ts';
import { record as kafkaRecord } from './fixtures.ts';
import { mapAll } from './mapAll.ts';

function mappingsOf(...mappings: object[]): readonly Mapping[] {
  return configSchema.parse({
    kafka: { brokers: 'localhost:9092' },
    mappings: mappings.map((mapping) => ({ topic: 'events', record: 'order', ...mapping })),
  }).mappings;
}

/** What the mappings of an event read of it: by mapping, the values of user, id and at. */
function read(schema: unknown, value: unknown, ...mappings: object[]) {
  const decode = compileEvents(avro(schema), 'schema 7', mappingsOf(...mappings));
  if ('outcome' in decode) return decode;
  const { mappings: own, values } = decode(encode(schema, value), 0);
  return own.map(({ kind, user, id, at, missing }) => ({
    kind,
    values: [...user, id, at].map((field) => (field ? values[field.index] : undefined)),
    missing: missing.map(({ reason }) => reason),
  }));
}

const placed = record('shop.OrderPlaced', { orderId: 'string', customerId: 'string' });
const signedUp = record('shop.UserSignedUp', { userId: 'string' });
const envelope = record('shop.Envelope', {
  occurredAt: 'long',
  payload: ['null', placed, signedUp],
});
const order = { event: 'OrderPlaced', root: 'payload', user: 'customerId', id: 'orderId' };
const lead = { event: 'shop.UserSignedUp', root: 'payload', record: 'lead', user: 'userId' };

describe('an event in an envelope', () => {
  test('is mapped by its own name, and its fields count from the root', () => {
    const payload = { 'shop.OrderPlaced': { orderId: 'o-1', customerId: 'c-1' } };
    expect(read(envelope, { occurredAt: 5, payload }, order, lead)).toEqual([
      { kind: 'order', values: ['c-1', 'o-1', undefined], missing: [] },
    ]);
    const other = { 'shop.UserSignedUp': { userId: 'u-1' } };
    expect(read(envelope, { occurredAt: 5, payload: other }, order, lead)).toMatchObject([
      { kind: 'lead', values: ['u-1', 'u-1', undefined] },
    ]);
  });

  test('may be none, and of another name: then nothing is made of it', () => {
    expect(read(envelope, { occurredAt: 5, payload: null }, order, lead)).toEqual([]);
    expect(read(envelope, { occurredAt: 5, payload: null }, { ...order, event: 'Other' })).toEqual({
      outcome: 'skipped',
      reason: 'unmapped',
    });
  });

  test('has fields of the envelope with a / before them', () => {
    const payload = { 'shop.OrderPlaced': { orderId: 'o-1', customerId: 'c-1' } };
    const mapped = read(envelope, { occurredAt: 5, payload }, { ...order, at: '/occurredAt' });
    expect(mapped).toEqual([{ kind: 'order', values: ['c-1', 'o-1', 5], missing: [] }]);
  });

  test('lacks what only another event of the same envelope has', () => {
    const payload = { 'shop.OrderPlaced': { orderId: 'o-1', customerId: 'c-1' } };
    const mapped = read(envelope, { occurredAt: 5, payload }, { ...order, user: 'userId' });
    expect(mapped).toMatchObject([
      {
        missing: [
          'schema 7: "userId" is not a field of shop.OrderPlaced: it has orderId, customerId; did you mean "orderId"?',
        ],
      },
    ]);
  });

  test('that lacks a mapped field is still skipped where another condition is false', () => {
    const schema = record('Order', { id: 'string', customer: 'string', status: 'string' });
    const mapping = {
      ...{ event: 'Order', user: 'customer', id: 'id' },
      when: { 'consent.marketing': true, status: 'PAID' },
    };
    const decode = compileEvents(avro(schema), 'schema 7', mappingsOf(mapping));
    if ('outcome' in decode) throw new Error('nothing decodes it');
    const outcomeOf = (status: string) => {
      const decoded = decode(encode(schema, { id: '1', customer: 'c', status }), 0);
      return mapAll([{ record: kafkaRecord(0), ...decoded }]).settled[0]?.outcome;
    };
    expect(outcomeOf('CANCELLED')).toEqual({ outcome: 'skipped', reason: 'condition' });
    expect(outcomeOf('PAID')).toMatchObject({ reason: 'invalid-field' });
  });

  test('that is not there makes nothing, also where its user stands around it', () => {
    const change = record('Change', { actor: 'string', after: ['null', placed] });
    const mapping = { ...order, root: 'after', user: '/actor', id: undefined };
    const after = { orderId: 'o-1', customerId: 'c-1' };
    expect(read(change, { actor: 'a', after }, mapping)).toMatchObject([
      { values: ['a', 'o-1', undefined] },
    ]);
    expect(read(change, { actor: 'a', after: null }, mapping)).toEqual([]);
  });

  test('of one record is read without looking which it is', () => {
    const one = record('Envelope', { payload: placed });
    const payload = { orderId: 'o-1', customerId: 'c-1' };
    expect(read(one, { payload }, order)).toMatchObject([{ values: ['c-1', 'o-1', undefined] }]);
  });
});

describe('events of one topic that share a schema', () => {
  test('are told apart by the branch of the union that they are', () => {
    const schema = [placed, signedUp];
    const mappings = [
      { event: 'OrderPlaced', user: 'customerId' },
      { event: 'UserSignedUp', record: 'lead', user: 'userId' },
    ];
    expect(read(schema, { 'shop.UserSignedUp': { userId: 'u' } }, ...mappings)).toMatchObject([
      { kind: 'lead', values: ['u', 'u', undefined] },
    ]);
    const value = { 'shop.OrderPlaced': { orderId: 'o', customerId: 'c' } };
    expect(read(schema, value, ...mappings)).toMatchObject([
      { kind: 'order', values: ['c', 'o', undefined] },
    ]);
  });
});

describe('known envelopes', () => {
  test('a CloudEvent is itself among other events of its topic', () => {
    const schema = [cloudEvent, placed];
    const around = { event: 'CloudEvent', root: 'data', user: 'customerId', id: 'orderId' };
    const mappings = [around, { event: 'OrderPlaced', user: 'customerId', id: 'orderId' }];
    const data = { customerId: 'c-1', orderId: 'o-1' };
    const event = { 'io.cloudevents.CloudEvent': { attribute: {}, data } };
    expect(read(schema, event, ...mappings)).toMatchObject([{ values: ['c-1', 'o-1', undefined] }]);
    const other = { 'shop.OrderPlaced': { orderId: 'o-2', customerId: 'c-2' } };
    expect(read(schema, other, ...mappings)).toMatchObject([{ values: ['c-2', 'o-2', undefined] }]);
  });

  test("Debezium's change event: the row after the change, and what was done from the top", () => {
    const row = { id: 10_001, purchaser: 1_001, order_date: 16_816, total: 4_999 };
    const source = { version: '3.0', connector: 'postgresql', name: 'shop', ts_ms: 1, table: 'o' };
    const mapping = {
      ...{ event: 'Value', root: 'after', user: 'purchaser', id: 'id', at: '/ts_ms' },
      when: { '/op': ['c', 'r'] },
    };
    const change = { before: null, source, op: 'c', ts_ms: 7, transaction: null };
    expect(read(debeziumChange, { ...change, after: row }, mapping)).toEqual([
      { kind: 'order', values: [1_001, 10_001, 7], missing: [] },
    ]);
  });

  test("Debezium's outbox: the expanded payload, beside columns of the envelope", () => {
    const payload = { orderId: 'o-1', customerId: 123, orderDate: '2026-01-31T12:13:01Z' };
    const mapping = {
      ...{ event: 'payload', root: 'payload', user: 'customerId', id: 'orderId', at: 'orderDate' },
      when: { '/eventType': 'order-created' },
    };
    expect(read(debeziumOutbox, { payload, eventType: 'order-created' }, mapping)).toEqual([
      { kind: 'order', values: [123, 'o-1', '2026-01-31T12:13:01Z'], missing: [] },
    ]);
  });

  test("CloudEvents: data is a map, so the event has the envelope's name, and its type is a condition", () => {
    expect(eventsIn(avro(cloudEvent), 'data')).toMatchObject([
      { fullName: 'io.cloudevents.CloudEvent', isAtRoot: false },
    ]);
    const mapping = {
      ...{ event: 'CloudEvent', root: 'data', user: 'customerId', id: 'orderId' },
      ...{ at: '/attribute.time', when: { '/attribute.type': 'com.shop.order.placed' } },
    };
    const attribute = { type: 'com.shop.order.placed', time: '2026-01-31T12:13:01Z' };
    const data = { customerId: 'c-1', orderId: 'o-1' };
    expect(read(cloudEvent, { attribute, data }, mapping)).toEqual([
      { kind: 'order', values: ['c-1', 'o-1', '2026-01-31T12:13:01Z'], missing: [] },
    ]);
  });
});
