import { deflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { UnreadableSchemaError } from '../../src/avro/errors.ts';
import { fingerprintOf } from '../../src/avro/fingerprint.ts';
import { encoder } from '../../src/avro/schema.ts';
import { keyOf } from '../../src/avro/schemaReference.ts';
import type { SchemaSource } from '../../src/avro/schemaSource.ts';
import { type Mapping, mappingSchema } from '../../src/config/schema.ts';
import { UnavailableError } from '../../src/errors.ts';
import { AssignedPartition, SourceRecord } from '../../src/kafka/partition.ts';
import { createDecode } from '../../src/pipeline/decode.ts';
import { eachRecord } from '../../src/pipeline/step.ts';
import { avro, record } from '../avro/schemas.ts';

const schema = avro(record('com.shop.OrderPlaced', { orderId: 'string', customerId: 'string' }));
const payload = encoder(schema)({ orderId: 'order-1', customerId: 'user-1' });
const uuid = '0198a4f27c1e7b439a513d2f6e8c1b07';

const partition = new AssignedPartition('orders', 0);
let offset = 0;

function recordOf(value: Buffer, headers: Record<string, Buffer> = {}): SourceRecord {
  offset += 1;
  const message = { key: null, value, timestamp: '0', offset: String(offset), headers };
  return new SourceRecord(partition, message);
}

function framed(hex: string, bytes: Buffer = payload): Buffer {
  return Buffer.concat([Buffer.from(hex, 'hex'), bytes]);
}

/** Decodes records of one topic with schemas by the keys of their references; says what was asked for. */
async function decode(
  format: Partial<Mapping>,
  records: readonly SourceRecord[],
  schemaOf: SchemaSource['schemaOf'] = async () => schema,
) {
  const asked: string[] = [];
  const mapping = mappingSchema.parse({
    ...{ topic: 'orders', event: 'OrderPlaced', record: 'order', user: 'customerId' },
    ...format,
  });
  const source: SchemaSource = {
    schemaOf: (reference) => {
      asked.push(keyOf(reference));
      return schemaOf(reference);
    },
  };
  const decoder = createDecode({
    formatOf: (topic) => ({
      ...{ topic, mappings: [mapping], format: mapping.format, useId: mapping.useId },
      schema: mapping.schema === undefined ? undefined : schema,
    }),
    source,
    untilAvailable: async (work) => {
      for (;;) {
        try {
          return await work();
        } catch (thrown) {
          if (!(thrown instanceof UnavailableError)) throw thrown;
        }
      }
    },
  });
  await decoder.prepare(records);
  const { passed, settled } = eachRecord(records, decoder.decodeRecord);
  return { asked, values: passed.map(({ values }) => values), outcomes: settled };
}

describe('decoding a record', () => {
  test.each<[Partial<Mapping>, SourceRecord, string]>([
    [{ format: 'confluent' }, recordOf(framed('0000000007')), 'id 7'],
    [
      { format: 'confluent' },
      recordOf(payload, { __value_schema_id: framed(`01${uuid}`, Buffer.alloc(0)) }),
      'guid 0198a4f2-7c1e-7b43-9a51-3d2f6e8c1b07',
    ],
    [{ format: 'apicurio' }, recordOf(framed('0000000007')), 'contentId 7'],
    [
      { format: 'apicurio-v2' },
      recordOf(payload, { 'apicurio.value.globalId': Buffer.from('0000000000000007', 'hex') }),
      'globalId 7',
    ],
    [
      { format: 'glue' },
      recordOf(framed(`0305${uuid}`, deflateSync(payload))),
      'versionId 0198a4f2-7c1e-7b43-9a51-3d2f6e8c1b07',
    ],
  ])('of %j asks for the schema that its frame names, once', async (format, source, key) => {
    const { asked, values } = await decode(format, [source, source, source]);
    expect(values).toEqual(Array(3).fill(['user-1', 'order-1']));
    expect(asked).toEqual([key]);
  });

  const fingerprint = Buffer.from(fingerprintOf(schema).value, 'hex').reverse().toString('hex');
  test.each<[Partial<Mapping>, Buffer]>([
    [{ format: 'bare', schema: 'o.avsc' }, payload],
    [{ format: 'single-object', schema: 'o.avsc' }, framed(`c301${fingerprint}`)],
    [{ format: 'glue', schema: 'o.avsc' }, framed(`0300${uuid}`)],
  ])('of %j asks for none', async (format, value) => {
    const { asked, values } = await decode(format, [recordOf(value)]);
    expect(values).toEqual([['user-1', 'order-1']]);
    expect(asked).toEqual([]);
  });

  test('waits for a source that is away', async () => {
    let attempts = 0;
    const { values } = await decode({}, [recordOf(framed('0000000007'))], async () => {
      attempts += 1;
      if (attempts < 4) throw new UnavailableError('registry', 'away');
      return schema;
    });
    expect(values).toEqual([['user-1', 'order-1']]);
  });

  test('asks for many schemas at a time, but not for all', async () => {
    let open = 0;
    let most = 0;
    const records = Array.from({ length: 40 }, (_, id) =>
      recordOf(framed(`00000000${(id + 16).toString(16)}`)),
    );
    const { values } = await decode({}, records, async () => {
      open += 1;
      most = Math.max(most, open);
      await new Promise((resolve) => setImmediate(resolve));
      open -= 1;
      return schema;
    });
    expect(values).toHaveLength(40);
    expect(most).toBe(8);
  });

  test.each<[string, Partial<Mapping>, Buffer, SchemaSource['schemaOf'], string]>([
    [
      'of an unknown schema',
      { format: 'apicurio' },
      framed('0000000007'),
      async () => undefined,
      'the registry has no schema with the contentId 7',
    ],
    [
      'of a schema that cannot be read',
      {},
      framed('0000000007'),
      () => Promise.reject(new UnreadableSchemaError(7, 'it is of type JSON')),
      'schema 7 cannot be read: it is of type JSON',
    ],
    [
      'of another schema than the file’s',
      { format: 'single-object', schema: 'o.avsc' },
      framed('c3010102030405060708'),
      async () => schema,
      `written with another schema than that of the file: fingerprint 0807060504030201, not ${keyOf(fingerprintOf(schema))}`,
    ],
    [
      'of another format',
      { format: 'glue' },
      framed('0000000007'),
      async () => schema,
      'not in the format glue',
    ],
  ])('%s is undecodable', async (_, format, value, schemaOf, message) => {
    const { outcomes } = await decode(format, [recordOf(value)], schemaOf);
    expect(outcomes).toMatchObject([
      { outcome: { reason: 'undecodable', error: expect.stringContaining(message) } },
    ]);
  });
});
