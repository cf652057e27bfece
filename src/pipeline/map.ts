import type { FieldValue } from '../avro/reader.ts';
import type { RecordKind } from '../config/schema.ts';
import type { SourceRecord } from '../kafka/partition.ts';
import { clickIdFault } from '../powerspace/clickId.ts';
import { clickIdInUrl } from './clickUrl.ts';
import type { DecodedRecord } from './decode.ts';
import type { EventMapping } from './eventMapping.ts';
import { type Field, InvalidFieldError, readText, readTime } from './fields.ts';
import { deadLettered, skipped } from './outcome.ts';
import type { SharedRecords } from './sharedRecords.ts';
import type { Settlement, StepResult } from './step.ts';

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

/**
 * Applies to each record the mappings of its event whose condition is true: of each kind of record the first.
 * Notes in `shared` the records that several apply to.
 */
export function map(
  records: readonly DecodedRecord[],
  shared: SharedRecords,
): StepResult<MappedRecord> {
  const passed: MappedRecord[] = [];
  const settled: Settlement[] = [];
  const sort = (result: MappedRecord | Settlement) => {
    if ('outcome' in result) settled.push(result);
    else passed.push(result);
  };
  for (const { record, mappings, values } of records) {
    const [only] = mappings;
    // The common case, without a list for each record.
    if (only && mappings.length === 1) {
      sort(applyMapping(record, only, values) ?? { record, outcome: skipped('condition') });
      continue;
    }
    const results = applyMappings(record, mappings, values);
    if (results.length > 1) shared.share(record, results.length);
    results.forEach(sort);
  }
  return { passed, settled };
}

function applyMappings(
  record: SourceRecord,
  mappings: readonly EventMapping[],
  values: readonly FieldValue[],
): readonly (MappedRecord | Settlement)[] {
  const results: (MappedRecord | Settlement)[] = [];
  const applied: RecordKind[] = [];
  for (const mapping of mappings) {
    if (applied.includes(mapping.kind)) continue;
    const result = applyMapping(record, mapping, values);
    if (!result) continue;
    applied.push(mapping.kind);
    results.push(result);
  }
  return results.length > 0 ? results : [{ record, outcome: skipped('condition') }];
}

/** Undefined where the mapping's condition is false. */
function applyMapping(
  record: SourceRecord,
  mapping: EventMapping,
  values: readonly FieldValue[],
): MappedRecord | Settlement | undefined {
  const { kind } = mapping;
  try {
    for (const isTrue of mapping.conditions) if (!isTrue(values)) return undefined;
    const missing = mapping.missing[0];
    if (missing) throw new InvalidFieldError(missing.reason);
    return identify(record, mapping, values);
  } catch (thrown) {
    if (!(thrown instanceof InvalidFieldError)) throw thrown;
    return { record, kind, outcome: deadLettered('invalid-field', thrown.message) };
  }
}

function identify(
  record: SourceRecord,
  mapping: EventMapping,
  values: readonly FieldValue[],
): MappedRecord | Settlement {
  const userKeys = readUserKeys(mapping.user, values);
  const { kind } = mapping;
  const clickId = readClickId(mapping, values);
  if (clickId === undefined) {
    if (kind === 'click') return { record, kind, outcome: skipped('no-click') };
    if (userKeys.length === 0) return { record, kind, outcome: skipped('no-user') };
  } else {
    const fault = clickIdFault(clickId);
    if (fault)
      return { record, kind, outcome: deadLettered('invalid-click-id', `click id: ${fault}`) };
    if (kind === 'click' && userKeys.length === 0) {
      return { record, kind, outcome: skipped('no-user') };
    }
  }
  const at = (mapping.at && readTime(mapping.at, values)) ?? record.timestamp;
  return { record, mapping, values, userKeys, clickId, at };
}

/** In lists of just their size: pushed one by one, two keys would take the memory of seventeen. */
function readUserKeys(fields: readonly Field[], values: readonly FieldValue[]): readonly string[] {
  const userKeys = fields.map((field) => readText(field, values));
  return userKeys.every(isNew) ? userKeys : userKeys.filter(isNew);
}

/** Whether it is there, and not among those before it. */
function isNew(
  userKey: string | undefined,
  place: number,
  userKeys: readonly unknown[],
): userKey is string {
  return userKey !== undefined && userKeys.indexOf(userKey) === place;
}

function readClickId(
  { click, clickUrl }: EventMapping,
  values: readonly FieldValue[],
): string | undefined {
  const clickId = click && readText(click, values);
  if (clickId !== undefined || clickUrl === undefined) return clickId;
  return clickIdInUrl(readText(clickUrl, values) ?? '');
}
