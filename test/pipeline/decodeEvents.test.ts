import { describe, expect, test } from 'vitest';
import type { AvroSchema } from '../../src/avro/schema.ts';
import type { SchemaSource } from '../../src/avro/schemaSource.ts';
import { configSchema } from '../../src/config/schema.ts';
import { AssignedPartition, SourceRecord } from '../../src/kafka/partition.ts';
import { createDecode } from '../../src/pipeline/decode.ts';
import { eachRecord } from '../../src/pipeline/step.ts';
import { avro, record as avroRecord, encode } from '../avro/schemas.ts';
import { mapAll } from './mapAll.ts';

const placed = avroRecord('com.shop.OrderPlaced', { orderId: 'string', customerId: 'string' });
const signedUp = avroRecord('com.shop.UserSignedUp', { userId: 'string' });
const visited = avroRecord('com.shop.PageVisited', { url: 'string' });

const mappings = [
  { topic: 'events', event: 'OrderPlaced', record: 'order', user: 'customerId', id: 'orderId' },
  { topic: 'events', event: 'com.shop.UserSignedUp', record: 'lead', user: 'userId' },
];

/** What a topic's payloads become, each with the id of its schema. */
async function decodeAll(
  schemas: Readonly<Record<number, unknown>>,
  payloads: readonly { readonly id: number; readonly payload: Buffer }[],
) {
  const byId = new Map<number, AvroSchema>();
  for (const [id, json] of Object.entries(schemas)) byId.set(Number(id), avro(json));
  const source: SchemaSource = { schemaOf: async ({ value }) => byId.get(Number(value)) };
  const config = configSchema.parse({ kafka: { brokers: 'localhost:9092' }, mappings });
  const { prepare, decodeRecord } = createDecode({
    formatOf: (topic) => ({
      ...{ topic, format: 'confluent', schema: undefined },
      mappings: config.mappings,
    }),
    source,
    untilAvailable: (work) => work(),
  });
  const partition = new AssignedPartition('events', 0);
  const records = payloads.map(({ id, payload }, offset) => {
    partition.watermark.read(offset);
    const header = Buffer.from([0, 0, 0, 0, id]);
    const value = Buffer.concat([header, payload]);
    return new SourceRecord(partition, {
      key: null,
      value,
      timestamp: '0',
      offset: String(offset),
      headers: {},
    });
  });
  await prepare(records);
  return eachRecord(records, decodeRecord);
}

describe('a topic with several events', () => {
  test('has a mapping chosen by the branch of its union that is there', async () => {
    const union = ['null', placed, signedUp, visited];
    const payloads = [
      { 'com.shop.UserSignedUp': { userId: 'u-1' } },
      { 'com.shop.OrderPlaced': { orderId: 'A', customerId: 'c-1' } },
      { 'com.shop.PageVisited': { url: '/' } },
      null,
    ].map((value) => ({ id: 1, payload: encode(union, value) }));
    const { passed, settled } = await decodeAll({ 1: union }, payloads);
    expect(passed.map(({ mappings: [own], values }) => [own?.kind, values])).toEqual([
      ['lead', ['u-1']],
      ['order', ['c-1', 'A']],
    ]);
    expect(settled.map(({ outcome }) => outcome)).toEqual([
      { outcome: 'skipped', reason: 'unmapped' },
      { outcome: 'skipped', reason: 'unmapped' },
    ]);
  });

  test('dead-letters a branch that its union does not have', async () => {
    const { settled } = await decodeAll({ 1: [placed, signedUp] }, [
      { id: 1, payload: Buffer.from([6, 0]) },
    ]);
    expect(settled[0]?.outcome).toMatchObject({ outcome: 'dead-lettered', reason: 'undecodable' });
  });
});

describe('writers that change', () => {
  test('may give the event another name, and another namespace, if its schema knows the old one', async () => {
    const renamed = { ...placed, name: 'eu.shop.OrderReceived', aliases: ['com.shop.OrderPlaced'] };
    const moved = { ...placed, name: 'eu.shop.OrderPlaced' };
    const payload = encode(placed, { orderId: 'A', customerId: 'c' });
    const { passed } = await decodeAll({ 1: placed, 2: renamed, 3: moved }, [
      { id: 1, payload },
      { id: 2, payload },
      { id: 3, payload },
    ]);
    expect(passed.map(({ values }) => values)).toEqual(Array(3).fill(['c', 'A']));
  });

  test('that drop a mapped field are told with the id of their schema, the path, and what is there', async () => {
    const schema = avroRecord('OrderPlaced', { orderNumber: 'string', customerId: 'string' });
    const payload = encode(schema, { orderNumber: 'A', customerId: 'c' });
    const { passed } = await decodeAll({ 7: schema }, [{ id: 7, payload }]);
    expect(mapAll(passed).settled[0]?.outcome).toMatchObject({
      outcome: 'dead-lettered',
      reason: 'invalid-field',
      error: 'schema 7: "orderId" is not a field of OrderPlaced: it has orderNumber, customerId',
    });
  });

  test('may turn a text into bytes', async () => {
    const schema = avroRecord('OrderPlaced', { orderId: 'bytes', customerId: 'bytes' });
    const read = async (customerId: Buffer) => {
      const payload = encode(schema, { orderId: Buffer.from('A'), customerId });
      const { passed } = await decodeAll({ 7: schema }, [{ id: 7, payload }]);
      return mapAll(passed);
    };
    expect((await read(Buffer.from('Zoë'))).passed[0]?.userKeys).toEqual(['Zoë']);
    expect((await read(Buffer.from([0xff]))).settled[0]?.outcome).toMatchObject({
      reason: 'invalid-field',
    });
  });
});
