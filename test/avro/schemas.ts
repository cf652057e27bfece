import { compileReaders, type EventReader, type FieldValue } from '../../src/avro/reader.ts';
import { type AvroSchema, encoder } from '../../src/avro/schema.ts';

/** A schema from its JSON, with the schemas that it refers to. */
export function avro(json: unknown, references: readonly unknown[] = []): AvroSchema {
  return { json, references };
}

/** The reader of these fields of a schema's only event. */
export function compileReader(schema: AvroSchema, paths: readonly string[]): EventReader {
  const { events } = compileReaders(schema, () => paths);
  if (events.length !== 1) throw new Error(`${events.length} events`);
  return events[0] as EventReader;
}

/** A record with these fields: name to type. */
export function record(name: string, fields: Record<string, unknown>): Record<string, unknown> {
  return {
    type: 'record',
    name,
    fields: Object.entries(fields).map(([fieldName, type]) => ({ name: fieldName, type })),
  };
}

/** Bare Avro bytes of a value. */
export function encode(json: unknown, value: unknown): Buffer {
  return encoder(avro(json))(value);
}

/** Writes a value with a schema and reads the paths of it. */
export function readPaths(json: unknown, value: unknown, ...paths: string[]): FieldValue[] {
  return compileReader(avro(json), paths).read(encode(json, value));
}

/** An Avro long, as counts, lengths and branches are written. */
export function long(value: number | bigint): Buffer {
  return encode('long', value);
}

const money = {
  type: 'record',
  name: 'Money',
  fields: [
    { name: 'amount', type: { type: 'bytes', logicalType: 'decimal', precision: 12, scale: 2 } },
    { name: 'currency', type: 'string' },
  ],
};

/** An order as shops write it: nested, with nullable parts, lists and maps. */
export const orderPlaced = {
  type: 'record',
  name: 'OrderPlaced',
  namespace: 'com.shop',
  fields: [
    { name: 'orderId', type: 'string' },
    { name: 'customerId', type: 'string' },
    { name: 'placedAt', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'status', type: { type: 'enum', name: 'Status', symbols: ['NEW', 'PAID', 'SHIPPED'] } },
    { name: 'total', type: money },
    { name: 'shipping', type: ['null', 'Money'], default: null },
    {
      name: 'lines',
      type: {
        type: 'array',
        items: {
          type: 'record',
          name: 'Line',
          fields: [
            { name: 'sku', type: 'string' },
            { name: 'quantity', type: 'int' },
            { name: 'price', type: 'double' },
          ],
        },
      },
    },
    { name: 'attributes', type: { type: 'map', values: 'string' } },
    { name: 'consent', type: ['null', record('Consent', { marketing: 'boolean', at: 'long' })] },
    { name: 'note', type: ['null', 'string'], default: null },
  ],
};
