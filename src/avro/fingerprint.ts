import { type AvroSchema, canonicalForm } from './schema.ts';

/** The fingerprint of no bytes, and the polynomial: https://avro.apache.org/docs/1.12.0/specification/#schema-fingerprints */
const empty = 0xc15d213aa4d7a795n;

/** Schemas don't change, and working one out costs a millisecond. */
const known = new WeakMap<AvroSchema, bigint>();

/** The CRC-64-AVRO fingerprint by which single-object encoding names a schema; unsigned. */
export function fingerprintOf(schema: AvroSchema): bigint {
  const earlier = known.get(schema);
  if (earlier !== undefined) return earlier;
  const fingerprint = crc64Avro(Buffer.from(canonicalForm(schema)));
  known.set(schema, fingerprint);
  return fingerprint;
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
