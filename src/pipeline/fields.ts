import { isUtf8 } from 'node:buffer';
import Big from 'big.js';
import { Instant } from '../avro/instant.ts';
import type { FieldValue } from '../avro/reader.ts';
import { isWordForNothing } from '../powerspace/clickId.ts';

/** A field of the event: its path, and its place in the values that were read. */
export interface Field {
  readonly path: string;
  readonly index: number;
}

/** A field of an event holds what its mapping can't use. */
export class InvalidFieldError extends Error {}

/** The text of a field: a string, an enum's symbol, a number, a UUID, bytes in UTF-8. Empty and null are none. */
export function readText(field: Field, values: readonly FieldValue[]): string | undefined {
  const value = values[field.index] ?? null;
  return typeof value === 'string' ? value || undefined : textOf(field, withoutBytes(value));
}

/**
 * The text of a field that tells one person, or one conversion, from others. What many have, since a program wrote it
 * for nothing (`undefined`), is none: their clicks would be anybody's, and their conversions duplicates.
 */
export function readIdentifier(field: Field, values: readonly FieldValue[]): string | undefined {
  const text = readText(field, values);
  return text === undefined || isWordForNothing(text) ? undefined : text;
}

function textOf(field: Field, value: FieldValue): string | undefined {
  if (typeof value === 'string') return value || undefined;
  if (value === null) return undefined;
  if (typeof value === 'bigint' || Number.isFinite(value)) return String(value);
  if (value instanceof Big) return value.toFixed();
  throw new InvalidFieldError(`${field.path} is ${describe(value)}, not a text or a number`);
}

/** Avro lets writers turn a string into bytes, and back: bytes in UTF-8 are the same text. */
export function withoutBytes(value: FieldValue): FieldValue {
  if (typeof value !== 'object') return value;
  return Buffer.isBuffer(value) && isUtf8(value) ? value.toString() : value;
}

/** The time in a field: a timestamp, milliseconds since the epoch, or ISO 8601. Empty and null are none. */
export function readTime(field: Field, values: readonly FieldValue[]): number | undefined {
  const value = values[field.index] ?? null;
  const time = value instanceof Instant ? value.milliseconds : timeOf(field, value);
  if (time === undefined || (time >= earliest && time <= latest)) return time;
  throw new InvalidFieldError(
    `${field.path} is a time ${time < earliest ? 'before 2000' : 'after 2100'}; a plain number has to be milliseconds since 1970`,
  );
}

function timeOf(field: Field, value: FieldValue): number | undefined {
  if (value === null || isEmpty(value)) return undefined;
  const time = toTime(value);
  if (time !== undefined) return time;
  throw new InvalidFieldError(
    `${field.path} is ${describe(value)}, not a timestamp, milliseconds or an ISO 8601 time`,
  );
}

function isEmpty(value: FieldValue): boolean {
  return value === '' || (Buffer.isBuffer(value) && value.length === 0);
}

/** Times beyond these are of another unit: seconds, taken for milliseconds, are all in 1970. */
const earliest = Date.UTC(2000);
const latest = Date.UTC(2100);

/** A number is of milliseconds since the epoch. */
function toTime(value: FieldValue): number | undefined {
  if (typeof value === 'string') return parseTime(value);
  if (Buffer.isBuffer(value)) return parseTime(value.toString());
  const isNumber = typeof value === 'bigint' || Number.isFinite(value);
  return isNumber || value instanceof Big ? Number(value) : undefined;
}

const isoTime =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(?:(Z)|([+-]\d{2}):?(\d{2})?)?)?$/;

/**
 * The milliseconds of an ISO 8601 date or time, as events have it; without a zone it is taken as UTC, wherever the
 * connector runs. Undefined for another text.
 */
export function parseTime(text: string): number | undefined {
  const [, date, time, , hours, minutes = '00'] = isoTime.exec(text) ?? [];
  if (date === undefined) return undefined;
  const zone = hours === undefined ? 'Z' : `${hours}:${minutes}`;
  const milliseconds = Date.parse(`${date}T${time ?? '00:00'}${zone}`);
  return Number.isNaN(milliseconds) ? undefined : milliseconds;
}

/** The kind of a value, without the value: it may be personal data. */
export function describe(value: unknown): string {
  if (value instanceof Instant) return 'a timestamp';
  if (Array.isArray(value)) return 'an array';
  if (Buffer.isBuffer(value)) return 'bytes';
  if (value instanceof Big) return 'a decimal';
  if (value === null) return 'null';
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
