import { readFileSync } from 'node:fs';
import avsc from 'avsc';
import { shopEvents } from '../dev/shop.ts';
import { frame } from '../src/avro/framing.ts';
import { conversionOf } from '../src/avro/logical.ts';
import { encoder, parseSchema } from '../src/avro/schema.ts';
import { type Mapping, mappingSchema } from '../src/config/schema.ts';
import { AssignedPartition, SourceRecord } from '../src/kafka/partition.ts';
import { createDecode } from '../src/pipeline/decode.ts';
import { createDecodeAndMap } from '../src/pipeline/decodeAndMap.ts';
import { SharedRecords } from '../src/pipeline/sharedRecords.ts';
import { comparePairs, type PairResult } from './pairs.ts';

/** Records a round; as many as a chunk of the pipeline. */
const chunkSize = 2_000;
const schemaId = 7;
const frameSize = 5;

interface Case {
  readonly name: string;
  readonly event: 'UserSignedUp' | 'OrderPlaced';
  readonly mapping: unknown;
  /** The same fields, as a reader of avsc's own has them. */
  readonly fields: readonly { readonly name: string; readonly type: unknown }[];
}

const timestamp = { type: 'long', logicalType: 'timestamp-millis' };
const decimal = { type: 'bytes', logicalType: 'decimal', precision: 12, scale: 2 };
const toDecimal = conversionOf(decimal);

const order = [
  { name: 'placedAt', type: timestamp },
  { name: 'orderId', type: 'string' },
  { name: 'customerId', type: ['null', 'string'] },
  {
    name: 'total',
    type: recordOf('Money', { amount: decimal, currency: 'string' }),
  },
];

const cases: readonly Case[] = [
  {
    name: 'sign-up: three fields',
    event: 'UserSignedUp',
    mapping: { record: 'lead', user: ['userId', 'visitorId'], id: 'userId', at: 'signedUpAt' },
    fields: [
      { name: 'signedUpAt', type: timestamp },
      { name: 'userId', type: 'string' },
      { name: 'visitorId', type: ['null', 'string'] },
    ],
  },
  {
    name: 'order: five fields',
    event: 'OrderPlaced',
    mapping: { record: 'order', user: 'customerId', id: 'orderId', at: 'placedAt' },
    fields: order,
  },
  {
    name: 'order without shipping: seven',
    event: 'OrderPlaced',
    mapping: {
      ...{ record: 'order', user: 'customerId', id: 'orderId', at: 'placedAt' },
      value: {
        ...{ amount: 'total.amount', unit: 'major', currency: 'total.currency' },
        minus: ['shipping.amount', 'discount.amount'],
      },
    },
    fields: [
      ...order,
      { name: 'shipping', type: recordOf('Shipping', { amount: decimal }) },
      { name: 'discount', type: ['null', recordOf('Discount', { amount: decimal })] },
    ],
  },
];

/**
 * What decoding and mapping a record costs, from its bytes in Kafka to the person and the time, as a ratio to a bare
 * read of the same fields to the same values with avsc's resolver, which leaves out frame, registry and mapping.
 */
export async function benchDecode(): Promise<readonly PairResult[]> {
  const results: PairResult[] = [];
  for (const each of cases) results.push(...(await benchCase(each)));
  return results;
}

async function benchCase({ name, event, mapping, fields }: Case): Promise<readonly PairResult[]> {
  const file = new URL(`../schemas/${event}.avsc`, import.meta.url);
  const schema = parseSchema(readFileSync(file, 'utf8'), event);
  const encode = encoder(schema);
  const payloads = Array.from(
    shopEvents({ seed: 1, visitors: 2_000, start: new Date('2026-01-01') }),
  )
    .filter(({ event: own, value }) => own === event && value['customerId'] !== null)
    .map(({ value }) => encode(value));
  const chunk = Array.from({ length: chunkSize }, (_, at) => payloads[at % payloads.length]);
  const { prepare, decodeRecord } = createDecode({
    formatOf: (topic) => ({
      ...{ topic, format: 'confluent', schema: undefined },
      mappings: [mappingSchema.parse({ topic, event, ...(mapping as object) }) as Mapping],
    }),
    source: { schemaOf: async () => schema },
    untilAvailable: (work) => work(),
  });
  const source = new AssignedPartition('events', 0);
  const records = chunk.map((payload, offset) => {
    const value = frame('confluent', schemaId, payload as Buffer);
    return new SourceRecord(source, {
      ...{ key: null, value, headers: {}, timestamp: '0', offset: String(offset) },
    });
  });
  await prepare(records);

  const writer = avsc.Type.forSchema(schema.json as avsc.Schema);
  const { namespace } = schema.json as { readonly namespace: string };
  const readAll = (logicalTypes: avsc.ForSchemaOptions['logicalTypes']) => {
    const reader = avsc.Type.forSchema(
      { type: 'record', name: event, namespace, fields: [...fields] } as avsc.Schema,
      { logicalTypes },
    );
    const resolver = reader.createResolver(writer);
    return async () => {
      for (const payload of unframed) reader.fromBuffer(payload, resolver);
    };
  };
  // The same bytes, where they stand.
  const unframed = records.map(({ value }) => (value as Buffer).subarray(frameSize));
  const decodeAndMap = createDecodeAndMap(decodeRecord, new SharedRecords());
  const ours = async () => {
    await prepare(records);
    const { passed } = decodeAndMap(records);
    if (passed.length !== chunkSize) throw new Error(`${passed.length} of ${chunkSize} mapped`);
  };
  const pair = { name: `decode and map a ${name}`, count: chunkSize, ours };
  return [
    await comparePairs({
      ...{ ...pair, baseline: 'bare avsc resolver' },
      theirs: readAll({ 'timestamp-millis': Timestamp, decimal: Decimal }),
    }),
    await comparePairs({
      ...{ ...pair, baseline: 'that leaves times longs' },
      theirs: readAll({ decimal: Decimal }),
    }),
  ];
}

function recordOf(name: string, fields: Readonly<Record<string, unknown>>): object {
  const types = Object.entries(fields).map(([field, type]) => ({ name: field, type }));
  return { type: 'record', name, fields: types };
}

/** What the fields mean, as avsc is told it; amounts are made as ours are, so that only reading them is compared. */
class Timestamp extends avsc.types.LogicalType {
  protected override _fromValue(value: number): Date {
    return new Date(value);
  }

  protected override _resolve(): (value: number) => Date {
    return this._fromValue;
  }
}

class Decimal extends avsc.types.LogicalType {
  protected override _fromValue(value: Buffer): unknown {
    return toDecimal?.decode(value);
  }

  protected override _resolve(): (value: Buffer) => unknown {
    return this._fromValue;
  }
}
