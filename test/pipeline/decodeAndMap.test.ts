import { describe, expect, test } from 'vitest';
import { configSchema } from '../../src/config/schema.ts';
import { AssignedPartition, SourceRecord } from '../../src/kafka/partition.ts';
import { createDecode } from '../../src/pipeline/decode.ts';
import { createDecodeAndMap } from '../../src/pipeline/decodeAndMap.ts';
import { SharedRecords } from '../../src/pipeline/sharedRecords.ts';
import { avro, record as avroRecord, encode } from '../avro/schemas.ts';

const optional = ['null', 'string'];
const signedUp = avroRecord('com.shop.UserSignedUp', { userId: optional, visitorId: optional });
const partition = new AssignedPartition('events', 0);

/** What bare values of the event become, in order, under mappings of it. */
function decodeAndMap(values: readonly Buffer[], ...mappings: object[]) {
  const config = configSchema.parse({
    kafka: { brokers: 'localhost:9092' },
    mappings: mappings.map((mapping) => ({
      ...{ topic: 'events', event: 'UserSignedUp', format: 'bare', schema: 'x.avsc' },
      ...mapping,
    })),
  });
  const { decodeRecord } = createDecode({
    formatOf: (topic) => ({
      ...{ topic, format: 'bare', schema: avro(signedUp) },
      mappings: config.mappings,
    }),
    source: undefined,
    untilAvailable: (work) => work(),
  });
  const shared = new SharedRecords();
  const records = values.map(
    (value, offset) =>
      new SourceRecord(partition, {
        ...{ key: null, value, headers: {}, timestamp: '0', offset: String(offset) },
      }),
  );
  return { ...createDecodeAndMap(decodeRecord, shared)(records), shared };
}

const lead = { record: 'lead', user: ['userId', 'visitorId'] };

function event(userId: string | null, visitorId: string | null): Buffer {
  return encode(signedUp, { userId, visitorId });
}

describe('decoding and mapping a chunk', () => {
  test('passes on what a mapping understands, and settles the rest, each in order', () => {
    const nobody = event(null, null);
    const { passed, settled } = decodeAndMap(
      [Buffer.from('ff', 'hex'), event('u-1', null), nobody, event('u-2', null), Buffer.alloc(0)],
      lead,
    );
    expect(passed.map(({ record }) => record.offset)).toEqual([1, 3]);
    expect(settled.map(({ record, outcome }) => [record.offset, outcome])).toMatchObject([
      [0, { outcome: 'dead-lettered', reason: 'undecodable' }],
      [2, { outcome: 'skipped', reason: 'no-user' }],
      [4, { outcome: 'dead-lettered', reason: 'undecodable' }],
    ]);
  });

  test.each([
    ['u-1', 'v-1', ['u-1', 'v-1']],
    ['u-1', 'u-1', ['u-1']],
    ['u-1', null, ['u-1']],
    ['', 'v-1', ['v-1']],
  ])('takes of the keys %j and %j those that are there, each once', (userId, visitorId, keys) => {
    expect(decodeAndMap([event(userId, visitorId)], lead).passed[0]?.userKeys).toEqual(keys);
  });

  test('notes a record to which several mappings apply', () => {
    const order = { record: 'order', user: 'userId', id: 'userId' };
    const { passed, shared } = decodeAndMap([event('u-1', null), event('u-2', null)], lead, order);
    expect(passed.map(({ mapping }) => mapping.kind)).toEqual(['lead', 'order', 'lead', 'order']);
    expect(shared.size).toBe(2);
  });
});
