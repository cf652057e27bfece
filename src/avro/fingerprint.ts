import { type AvroSchema, canonicalForm } from './schema.ts';
import type { SchemaReference } from './schemaReference.ts';

/** The fingerprint of no bytes, and the polynomial: https://avro.apache.org/docs/1.12.0/specification/#schema-fingerprints */
const empty = 0xc15d213aa4d7a795n;

/** The name of a schema in single-object encoding: its CRC-64-AVRO fingerprint. Working it out costs a millisecond. */
export function fingerprintOf(
  schema: AvroSchema,
): SchemaReference & { readonly kind: 'fingerprint' } {
  const fingerprint = crc64Avro(Buffer.from(canonicalForm(schema)));
  return { kind: 'fingerprint', value: fingerprintText(fingerprint) };
}

/** A fingerprint as the references to schemas have it: 16 hex digits, the most significant first. */
export function fingerprintText(fingerprint: bigint): string {
  return fingerprint.toString(16).padStart(16, '0');
}

function crc64Avro(bytes: Buffer): bigint {
  let remainder = empty;
  for (const byte of bytes) {
    remainder ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit += 1) {
      remainder = remainder & 1n ? (remainder >> 1n) ^ empty : remainder >> 1n;
    }
  }
  return remainder;
}
