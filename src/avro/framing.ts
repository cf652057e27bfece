import type { Mapping } from '../config/schema.ts';
import { UndecodableError } from './errors.ts';
import { fingerprintText } from './fingerprint.ts';
import { apicurioHeaders, type Headers, lastHeader, valueSchemaIdHeader } from './headers.ts';
import { inflateBounded } from './inflate.ts';
import type { SchemaReference } from './schemaReference.ts';

/** How an Avro value is wrapped in a Kafka record. */
type Format = Mapping['format'];

/** A topic's format, with what its bytes leave open. */
export interface Wire {
  readonly format: Format;
  /** Which of Apicurio's ids stands in the payload; by default contentId, and globalId with apicurio-v2. */
  readonly useId?: Mapping['useId'];
}

/** What a record's frame says. */
export interface Frame {
  /** Where the Avro value, or what it was compressed to, starts in the record's value. */
  readonly start: number;
  /** The writer's schema, where the format names it. */
  readonly reference?: SchemaReference;
  /** What {@link inflate} has to undo. */
  readonly compression?: 'zlib';
}

const confluentHeader = 5;
const apicurioLongHeader = 9;
const guidHeader = 17;
const glueHeader = 18;
const singleObjectMarker = 0xc301;
const singleObjectHeader = 10;
/** Enough to recognise another format by. */
const bytesShown = 12;
const signs: ReadonlySet<number> = new Set(Buffer.from('{}[]<>":'));

/**
 * Reads the frame of a record's value, which may lie in its headers; decompresses nothing yet. Throws
 * UndecodableError for bytes that are not in the format.
 */
export type Unframe = (value: Buffer, headers?: Headers) => Frame;

/** Reads the frames of a topic. */
export function createUnframe(wire: Wire): Unframe {
  switch (wire.format) {
    case 'confluent':
      return createUnframeConfluent();
    case 'apicurio':
    case 'apicurio-v2':
      return (value, headers) => unframeApicurio(wire, value, headers);
    case 'glue':
      return unframeGlue;
    case 'single-object':
      return unframeSingleObject;
    case 'bare':
      return () => bareFrame;
  }
}

const bareFrame: Frame = { start: 0 };

/** What a compressed value was made of. Throws UndecodableError for what can't be decompressed, or only to too many bytes. */
export function inflate({ start }: Frame, value: Buffer): Buffer {
  return inflateBounded(value.subarray(start));
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

/**
 * `00`, the schema's id in 4 bytes, big-endian, and the Avro value; or a header with `01` and the schema's GUID
 * in 16 bytes, and the Avro value alone. As Confluent's own deserializer, it takes either, the header first.
 */
function createUnframeConfluent(): Unframe {
  // Nearly always the next record's frame says the same.
  let last = { start: confluentHeader, reference: { kind: 'id' as const, value: -1 } };
  return (value, headers) => {
    const header = lastHeader(headers, valueSchemaIdHeader);
    if (header !== undefined) return unframeConfluentHeader(header);
    const id = readConfluentId(value);
    if (id !== last.reference.value) {
      last = { start: confluentHeader, reference: { kind: 'id', value: id } };
    }
    return last;
  };
}

/** An id is never below 0. */
function readConfluentId(value: Buffer): number {
  const id = value[0] === 0 && value.length >= confluentHeader ? value.readInt32BE(1) : -1;
  if (id < 0) throw notConfluent(value, id);
  return id;
}

function notConfluent(value: Buffer, id: number): UndecodableError {
  return value.length < confluentHeader || value[0] !== 0
    ? notIn('confluent, which starts with 00 and a schema id of 4 bytes', value)
    : notIn(`confluent, since ${id} is no schema id`, value);
}

function unframeConfluentHeader(header: Buffer): Frame {
  if (header[0] === 1 && header.length === guidHeader) {
    return { reference: { kind: 'guid', value: toUuid(header.subarray(1)) }, start: 0 };
  }
  if (header[0] === 0 && header.length === confluentHeader && header.readInt32BE(1) >= 0) {
    return { reference: { kind: 'id', value: header.readInt32BE(1) }, start: 0 };
  }
  throw new UndecodableError(
    `the header ${valueSchemaIdHeader} is not 01 and a GUID of 16 bytes: ${found(header)}`,
  );
}

/**
 * `00` and an id, in 4 bytes by the serializers of Apicurio 3 and in 8 by those of Apicurio 2; or a header with
 * the id in 8 bytes, and the Avro value alone.
 */
function unframeApicurio(
  { format, useId }: Wire,
  value: Buffer,
  headers: Headers | undefined,
): Frame {
  const encoding = lastHeader(headers, apicurioHeaders.encoding)?.toString() ?? 'BINARY';
  if (encoding !== 'BINARY') {
    throw new UndecodableError(`written as ${encoding}, and only Avro's binary encoding is read`);
  }
  for (const kind of ['globalId', 'contentId'] as const) {
    const header = lastHeader(headers, apicurioHeaders[kind]);
    if (header !== undefined) return { reference: { kind, value: idIn(header) }, start: 0 };
  }
  const isLong = format === 'apicurio-v2';
  const length = isLong ? apicurioLongHeader : confluentHeader;
  if (value.length < length || value[0] !== 0) {
    throw notIn(`${format}, which starts with 00 and an id of ${length - 1} bytes`, value);
  }
  const id = isLong ? value.readBigInt64BE(1) : BigInt(value.readInt32BE(1));
  if (!isId(id)) throw notIn(`${format}, since ${id} is no id`, value);
  const kind = useId ?? (isLong ? 'globalId' : 'contentId');
  return { reference: { kind, value: Number(id) }, start: length };
}

function idIn(header: Buffer): number {
  const id = header.length === 8 ? header.readBigInt64BE() : -1n;
  if (isId(id)) return Number(id);
  throw new UndecodableError(`the header with Apicurio's id is no id of 8 bytes: ${found(header)}`);
}

function isId(id: bigint): boolean {
  return id >= 0n && id <= Number.MAX_SAFE_INTEGER;
}

/** `03`, the compression (`00` for none, `05` for zlib), the schema version's UUID in 16 bytes, and the Avro value. */
function unframeGlue(value: Buffer): Frame {
  if (value.length < glueHeader || value[0] !== 3) {
    throw notIn('glue, which starts with 03, a byte for the compression and a UUID', value);
  }
  const reference = { kind: 'versionId', value: toUuid(value.subarray(2, glueHeader)) } as const;
  const start = glueHeader;
  if (value[1] === 0) return { reference, start };
  if (value[1] === 5) return { reference, start, compression: 'zlib' };
  throw notIn('glue, whose second byte is 00 (no compression) or 05 (zlib)', value);
}

/** `C3 01`, the schema's CRC-64-AVRO fingerprint in 8 bytes, little-endian, and the Avro value. */
function unframeSingleObject(value: Buffer): Frame {
  if (value.length < singleObjectHeader || value.readUInt16BE() !== singleObjectMarker) {
    throw notIn('single-object, which starts with c301 and a fingerprint of 8 bytes', value);
  }
  const fingerprint = fingerprintText(value.readBigUInt64LE(2));
  return {
    reference: { kind: 'fingerprint', value: fingerprint },
    start: singleObjectHeader,
  };
}

function toUuid(bytes: Buffer): string {
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

function notIn(format: string, value: Buffer): UndecodableError {
  return new UndecodableError(`not in the format ${format}: ${found(value)}`);
}

/** How it begins, without the letters and digits that could name a person: a frame, JSON or XML are known without. */
function found(value: Buffer): string {
  const isText = (byte: number) => byte >= 0x20 && byte < 0x7f && !signs.has(byte);
  const hex = (byte: number) => (isText(byte) ? '··' : byte.toString(16).padStart(2, '0'));
  const start = Array.from(value.subarray(0, bytesShown), hex).join('');
  const more = value.length > bytesShown ? '…' : '';
  return `${value.length} bytes${start === '' ? '' : `, ${start}${more}`}`;
}
