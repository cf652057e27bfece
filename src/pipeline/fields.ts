import { isUtf8 } from 'node:buffer';
import Big from 'big.js';
import type { FieldValue } from '../avro/reader.ts';

/** A field of the event: its path, and its place in the values that were read. */
export interface Field {
  readonly path: string;
  readonly index: number;
}

/** A field of an event holds what its mapping can't use. */
export class InvalidFieldError extends Error {}

/** The text of a field: a string, an enum's symbol, a number, a UUID, bytes in UTF-8. Empty and null are none. */
export function readText(field: Field, values: readonly FieldValue[]): string | undefined {
  const value = values[field.index];
  if (value === null || value === undefined || value === '') return undefined;
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  // Avro lets writers turn a string into bytes, and back.
  if (Buffer.isBuffer(value) && isUtf8(value)) return value.toString() || undefined;
  throw new InvalidFieldError(`${field.path} is ${describe(value)}, not a text or a number`);
}

/** The time in a field: a timestamp, milliseconds since the epoch, or ISO 8601. Null is none. */
export function readTime(field: Field, values: readonly FieldValue[]): number | undefined {
  const value = values[field.index];
  if (value === null || value === undefined) return undefined;
  if (value instanceof Date) return value.getTime();
  const time = typeof value === 'string' ? Date.parse(value) : Number(value);
  if (Number.isFinite(time)) return time;
  throw new InvalidFieldError(
    `${field.path} is ${describe(value)}, not a timestamp, milliseconds or an ISO 8601 time`,
  );
}

/** The kind of a value, without the value: it may be personal data. */
export function describe(value: unknown): string {
  if (value instanceof Date) return 'a timestamp';
  if (Array.isArray(value)) return 'an array';
  if (Buffer.isBuffer(value)) return 'bytes';
  if (value instanceof Big) return 'a decimal';
  if (value === null) return 'null';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
