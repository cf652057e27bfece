import { type AvroSchema, readableType } from './schema.ts';

/**
 * A bare Avro value as JSON that a person reads: times and decimals as such, bytes in hexadecimal, a union's value under
 * the name of its branch. Its bytes must have been read before: nothing bounds what a hostile value would make of this.
 * Throws what avsc throws for bytes that don't follow the schema.
 */
export function displayValue(schema: AvroSchema, payload: Buffer): string {
  return JSON.stringify(readableType(schema).fromBuffer(payload), display, 2);
}

function display(this: Readonly<Record<string, unknown>>, key: string, value: unknown): unknown {
  const own = this[key];
  if (Buffer.isBuffer(own)) return own.toString('hex');
  return typeof own === 'bigint' ? String(own) : value;
}
