import type { Mapping } from '../config/schema.ts';
import { UndecodableError } from './errors.ts';
import { fingerprintOf } from './fingerprint.ts';
import type { AvroSchema } from './schema.ts';

/** How an Avro value is wrapped in a Kafka record. */
export type Format = Mapping['format'];

/** A record's value, taken out of its frame. */
export interface Frame {
  /** The Avro value alone; a view of the record's bytes. */
  readonly payload: Buffer;
  /** The writer schema's id in the registry, where the format names it. */
  readonly schemaId?: number;
}

const confluentHeader = 5;
const singleObjectMarker = 0xc301;
const singleObjectHeader = 10;
/** Enough to recognise another format by. */
const bytesShown = 12;

/**
 * Takes a record's value out of its frame. `schema` is the configured one; single-object needs it and checks
 * that the bytes were written with it. Throws UndecodableError for bytes that are not in the format.
 */
export function unframe(format: Format, value: Buffer, schema?: AvroSchema): Frame {
  switch (format) {
    case 'confluent':
      return unframeConfluent(value);
    case 'single-object':
      return unframeSingleObject(value, schema);
    case 'bare':
      return { payload: value };
  }
}

/** The value in Confluent's frame, for producers. */
export function frame(format: 'confluent', schemaId: number, payload: Buffer): Buffer {
  switch (format) {
    case 'confluent': {
      const header = Buffer.alloc(confluentHeader);
      header.writeInt32BE(schemaId, 1);
      return Buffer.concat([header, payload]);
    }
  }
}

/** `00`, the schema's id in 4 bytes, big-endian, and the Avro value. */
function unframeConfluent(value: Buffer): Frame {
  if (value.length < confluentHeader || value[0] !== 0) {
    throw new UndecodableError(
      `not in the format confluent, which starts with 00 and a schema id of 4 bytes: ${found(value)}`,
    );
  }
  const schemaId = value.readInt32BE(1);
  if (schemaId < 0) {
    throw new UndecodableError(
      `not in the format confluent, since ${schemaId} is no schema id: ${found(value)}`,
    );
  }
  return { schemaId, payload: value.subarray(confluentHeader) };
}

/** `C3 01`, the schema's CRC-64-AVRO fingerprint in 8 bytes, little-endian, and the Avro value. */
function unframeSingleObject(value: Buffer, schema: AvroSchema | undefined): Frame {
  if (schema === undefined) throw new TypeError('the format single-object needs a schema');
  if (value.length < singleObjectHeader || value.readUInt16BE() !== singleObjectMarker) {
    throw new UndecodableError(
      `not in the format single-object, which starts with c301 and a fingerprint of 8 bytes: ${found(value)}`,
    );
  }
  const actual = value.readBigUInt64LE(2);
  const expected = fingerprintOf(schema);
  if (actual !== expected) {
    throw new UndecodableError(
      `written with another schema than the configured one: fingerprint ${hex(actual)}, not ${hex(expected)}`,
    );
  }
  return { payload: value.subarray(singleObjectHeader) };
}

function found(value: Buffer): string {
  const start = value.toString('hex', 0, bytesShown);
  const more = value.length > bytesShown ? '…' : '';
  return `${value.length} bytes${start === '' ? '' : `, ${start}${more}`}`;
}

function hex(fingerprint: bigint): string {
  return fingerprint.toString(16).padStart(16, '0');
}
