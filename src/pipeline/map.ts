import { isUtf8 } from 'node:buffer';
import Big from 'big.js';
import type { FieldValue } from '../avro/reader.ts';
import type { SourceRecord } from '../kafka/partition.ts';
import { clickIdFault } from '../powerspace/clickId.ts';
import type { DecodedRecord } from './decode.ts';
import type { EventMapping, Field } from './eventMapping.ts';
import { deadLettered, skipped } from './outcome.ts';
import { eachRecord, type Settlement, type StepResult } from './step.ts';

/** A record as its mapping understands it. */
export interface MappedRecord {
  readonly record: SourceRecord;
  readonly mapping: EventMapping;
  readonly values: readonly FieldValue[];
  /** The person, by each identifier that the event has, best first. */
  readonly userKeys: readonly string[];
  /** The click id that the event itself carries. */
  readonly clickId: string | undefined;
  /** When it happened, in milliseconds since the Unix epoch. */
  readonly at: number;
}

/** Applies to each record the first mapping of its event whose condition is true. */
export function map(records: readonly DecodedRecord[]): StepResult<MappedRecord> {
  return eachRecord(records, mapRecord);
}

function mapRecord(decoded: DecodedRecord): MappedRecord | Settlement {
  const { record, values } = decoded;
  const mapping = decoded.mappings.find((candidate) => isMet(candidate, values));
  if (!mapping) return { record, outcome: skipped('condition') };
  try {
    const missing = mapping.missing[0];
    if (missing) throw new InvalidFieldError(missing.reason);
    return identify(record, mapping, values);
  } catch (thrown) {
    if (!(thrown instanceof InvalidFieldError)) throw thrown;
    return { record, outcome: deadLettered('invalid-field', thrown.message) };
  }
}

function identify(
  record: SourceRecord,
  mapping: EventMapping,
  values: readonly FieldValue[],
): MappedRecord | Settlement {
  const userKeys: string[] = [];
  for (const field of mapping.user) {
    const userKey = readText(field, values);
    if (userKey !== undefined && !userKeys.includes(userKey)) userKeys.push(userKey);
  }
  const clickId = mapping.click && readText(mapping.click, values);
  if (clickId === undefined) {
    if (mapping.kind === 'click') return { record, outcome: skipped('no-click') };
    if (userKeys.length === 0) return { record, outcome: skipped('no-user') };
  } else {
    const fault = clickIdFault(clickId);
    if (fault) return { record, outcome: deadLettered('invalid-click-id', `click id: ${fault}`) };
    if (mapping.kind === 'click' && userKeys.length === 0) {
      return { record, outcome: skipped('no-user') };
    }
  }
  const at = (mapping.at && readTime(mapping.at, values)) ?? record.timestamp;
  return { record, mapping, values, userKeys, clickId, at };
}

/** A condition on a field that the schema doesn't have is left to the mapping's missing fields. */
function isMet(mapping: EventMapping, values: readonly FieldValue[]): boolean {
  return (
    mapping.missing.length > 0 ||
    mapping.conditions.every(({ field, accepted }) => accepted.has(values[field.index]))
  );
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
function readTime(field: Field, values: readonly FieldValue[]): number | undefined {
  const value = values[field.index];
  if (value === null || value === undefined) return undefined;
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
