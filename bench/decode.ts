import { readFileSync } from 'node:fs';
import avsc from 'avsc';
import { shopEvents } from '../dev/shop.ts';
import { frame } from '../src/avro/framing.ts';
import { encoder, parseSchema } from '../src/avro/schema.ts';
import { type Mapping, mappingSchema } from '../src/config/schema.ts';
import { AssignedPartition, SourceRecord } from '../src/kafka/partition.ts';
import { createDecode } from '../src/pipeline/decode.ts';
import { map } from '../src/pipeline/map.ts';
import { SharedRecords } from '../src/pipeline/sharedRecords.ts';
import { comparePairs, type PairResult } from './pairs.ts';

/** Records a round; as many as a chunk of the pipeline. */
const chunkSize = 2_000;
const schemaId = 7;

interface Case {
  readonly name: string;
  readonly event: 'UserSignedUp' | 'OrderPlaced';
  readonly mapping: unknown;
  /** The same fields, as a reader of avsc's own has them. */
  readonly fields: readonly { readonly name: string; readonly type: unknown }[];
}

const cases: readonly Case[] = [
  {
    name: 'sign-up: three fields',
    event: 'UserSignedUp',
    mapping: { record: 'lead', user: ['userId', 'visitorId'], id: 'userId', at: 'signedUpAt' },
    fields: [
      { name: 'signedUpAt', type: 'long' },
      { name: 'userId', type: 'string' },
      { name: 'visitorId', type: ['null', 'string'] },
    ],
  },
  {
    name: 'order: five fields',
    event: 'OrderPlaced',
    mapping: { record: 'order', user: 'customerId', id: 'orderId', at: 'placedAt' },
    fields: [
      { name: 'placedAt', type: 'long' },
      { name: 'orderId', type: 'string' },
      { name: 'customerId', type: ['null', 'string'] },
      {
        name: 'total',
        type: {
          ...{ type: 'record', name: 'Money' },
          fields: [
            { name: 'amount', type: 'bytes' },
            { name: 'currency', type: 'string' },
          ],
        },
      },
    ],
  },
];

/**
 * What decoding and mapping a record costs, from its bytes in Kafka to the person and the time, as a ratio to a bare
 * read of the same fields with avsc's resolver, which leaves out frame, registry and mapping.
 */
export async function benchDecode(): Promise<readonly PairResult[]> {
  const results: PairResult[] = [];
  for (const each of cases) results.push(await benchCase(each));
  return results;
}

async function benchCase({ name, event, mapping, fields }: Case): Promise<PairResult> {
  const file = new URL(`../schemas/${event}.avsc`, import.meta.url);
  const schema = parseSchema(readFileSync(file, 'utf8'), event);
  const encode = encoder(schema);
  const payloads = Array.from(
    shopEvents({ seed: 1, visitors: 2_000, start: new Date('2026-01-01') }),
  )
    .filter(({ event: own, value }) => own === event && value['customerId'] !== null)
    .map(({ value }) => encode(value));
  const chunk = Array.from({ length: chunkSize }, (_, at) => payloads[at % payloads.length]);
  const { prepare, decode } = createDecode({
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
  const full = (schema.json as { namespace: string }).namespace;
  const reader = avsc.Type.forSchema({
    ...{ type: 'record', name: event, namespace: full },
    fields: fields as avsc.schema.RecordType['fields'],
  });
  const resolver = reader.createResolver(writer);
  const shared = new SharedRecords();
  return comparePairs({
    name: `decode and map a ${name}`,
    baseline: 'bare avsc resolver',
    count: chunkSize,
    ours: async () => {
      await prepare(records);
      const { passed } = map(decode(records).passed, shared);
      if (passed.length !== chunkSize) throw new Error(`${passed.length} of ${chunkSize} mapped`);
    },
    theirs: async () => {
      for (const payload of chunk) reader.fromBuffer(payload as Buffer, resolver);
    },
  });
}
