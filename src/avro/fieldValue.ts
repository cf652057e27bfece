import type { Big } from 'big.js';
import type { Instant } from './instant.ts';

/**
 * A value of an event. A union is its branch's value, an enum its symbol, bytes and fixed are a Buffer, a long is
 * a bigint only where a number would not be exact. Maps and records have no prototype.
 *
 * Logical types: a decimal or big-decimal is a Big; a date is midnight in UTC, a timestamp its instant cut to the
 * millisecond, a local timestamp the same as if it were in UTC, each an Instant; a uuid is a text; a duration is a
 * Duration; times of day are their number of milliseconds or microseconds. Others, and those that don't fit the
 * type they stand on, are their base value.
 */
export type FieldValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Buffer
  | Big
  | Instant
  | Duration
  | readonly FieldValue[]
  | { readonly [name: string]: FieldValue };

/** A span of time as Avro has it: three numbers from 0, as no month has a fixed number of days. */
export interface Duration {
  readonly months: number;
  readonly days: number;
  readonly milliseconds: number;
}
