import type { FieldValue } from '../avro/reader.ts';
import type { RecordKind } from '../config/schema.ts';
import type { SourceRecord } from '../kafka/partition.ts';
import { clickIdFault } from '../powerspace/clickId.ts';
import { clickIdInUrl } from './clickUrl.ts';
import type { DecodedRecord } from './decode.ts';
import type { EventMapping } from './eventMapping.ts';
import { type Field, InvalidFieldError, readIdentifier, readText, readTime } from './fields.ts';
import { deadLettered, type Outcome, skipped } from './outcome.ts';
import type { SharedRecords } from './sharedRecords.ts';
import type { Settlement } from './step.ts';

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

/** What mapping has made of the records so far. */
export interface MapResults {
  readonly passed: MappedRecord[];
  readonly settled: Settlement[];
}

/**
 * Applies to a record the mappings of its event whose condition is true: of each kind of record the first. Adds to
 * `results`, and notes in `shared` a record to which several apply.
 */
export function mapRecord(
  decoded: DecodedRecord,
  shared: SharedRecords,
  results: MapResults,
): void {
  const { record, mappings, values } = decoded;
  const only = mappings[0];
  if (only && mappings.length === 1) {
    add(results, applyMapping(record, only, values) ?? { record, outcome: skipped('condition') });
  } else {
    mapSeveral(decoded, shared, results);
  }
}

function mapSeveral(
  { record, mappings, values }: DecodedRecord,
  shared: SharedRecords,
  results: MapResults,
): void {
  const several = applyMappings(record, mappings, values);
  if (several.length > 1) shared.share(record, several.length);
  for (const result of several) add(results, result);
}

function add({ passed, settled }: MapResults, result: MappedRecord | Settlement): void {
  if ('outcome' in result) settled.push(result);
  else passed.push(result);
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
  try {
    const { conditions, missing } = mapping;
    if (conditions.length > 0 && !areTrue(conditions, values)) return undefined;
    if (missing.length > 0) throw new InvalidFieldError(missing[0]?.reason);
    return identify(record, mapping, values);
  } catch (thrown) {
    return invalidField(record, mapping, thrown);
  }
}

/*
 * What happens to nearly every record stands apart from what happens to few: V8 compiles the former together, as
 * long as it is short.
 */

function areTrue(conditions: EventMapping['conditions'], values: readonly FieldValue[]): boolean {
  for (const isTrue of conditions) if (!isTrue(values)) return false;
  return true;
}

function invalidField(record: SourceRecord, { kind }: EventMapping, thrown: unknown): Settlement {
  if (!(thrown instanceof InvalidFieldError)) throw thrown;
  return { record, kind, outcome: deadLettered('invalid-field', thrown.message) };
}

/** A class, as V8 gives literals that outlive a collection a slower place from then on. */
class Mapped implements MappedRecord {
  readonly record: SourceRecord;
  readonly mapping: EventMapping;
  readonly values: readonly FieldValue[];
  readonly userKeys: readonly string[];
  readonly clickId: string | undefined;
  readonly at: number;

  constructor(
    record: SourceRecord,
    mapping: EventMapping,
    values: readonly FieldValue[],
    userKeys: readonly string[],
    clickId: string | undefined,
    at: number,
  ) {
    this.record = record;
    this.mapping = mapping;
    this.values = values;
    this.userKeys = userKeys;
    this.clickId = clickId;
    this.at = at;
  }
}

function identify(
  record: SourceRecord,
  mapping: EventMapping,
  values: readonly FieldValue[],
): MappedRecord | Settlement {
  const userKeys = readUserKeys(mapping.user, values);
  const clickId = readClickId(mapping, values);
  const isPlain = clickId === undefined && mapping.kind !== 'click' && userKeys.length > 0;
  const ending = isPlain ? undefined : endingOf(mapping, userKeys, clickId);
  if (ending) return { record, kind: mapping.kind, outcome: ending };
  const at = (mapping.at && readTime(mapping.at, values)) ?? record.timestamp;
  return new Mapped(record, mapping, values, userKeys, clickId, at);
}

/** How a record ends that tells no click or person; undefined where it tells what its kind needs. */
function endingOf(
  { kind }: EventMapping,
  userKeys: readonly string[],
  clickId: string | undefined,
): Outcome | undefined {
  const fault = clickId === undefined ? undefined : clickIdFault(clickId);
  if (fault) return deadLettered('invalid-click-id', `click id: ${fault}`);
  if (clickId === undefined && kind === 'click') return skipped('no-click');
  const needsUser = clickId === undefined || kind === 'click';
  return needsUser && userKeys.length === 0 ? skipped('no-user') : undefined;
}

/** In lists of just their size: pushed one by one, two keys would take the memory of seventeen. */
function readUserKeys(fields: readonly Field[], values: readonly FieldValue[]): readonly string[] {
  if (fields.length > 2) return fields.map((field) => readIdentifier(field, values)).filter(isNew);
  const first = fields[0] && readIdentifier(fields[0], values);
  const second = fields[1] && readIdentifier(fields[1], values);
  if (first === undefined) return second === undefined ? [] : [second];
  return second === undefined || second === first ? [first] : [first, second];
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
