import { formatFieldPath, parseFieldPath } from '../avro/fieldPath.ts';
import { findMissingPath } from '../avro/paths.ts';
import {
  compileReaders,
  compileRecordNameReader,
  type EventNames,
  type FieldValue,
} from '../avro/reader.ts';
import { type AvroSchema, readableType } from '../avro/schema.ts';
import { typesAt } from '../avro/schemaTree.ts';
import type { Mapping } from '../config/schema.ts';
import { derivedNames, deriveMapping } from './deriveMapping.ts';
import { type EventMapping, type MappedPath, mappingPaths, placeMapping } from './eventMapping.ts';
import { type Outcome, skipped } from './outcome.ts';

/** Reads one event, from `start` on: the mappings of its name, in the order of the configuration, and the values of their fields. */
export type EventDecoder = (
  payload: Buffer,
  start: number,
) => {
  readonly mappings: readonly EventMapping[];
  readonly values: readonly FieldValue[];
};

/** An event that a schema can hold, by the name of its record. */
export interface EventType {
  readonly fullName: string;
  /** Names that it had before. */
  readonly aliases: readonly string[];
  /** A schema of the record alone. */
  readonly schema: AvroSchema;
  /** Whether it stands at the root itself, so that the fields of a mapping are its own. */
  readonly isAtRoot: boolean;
  /** The path to its record; undefined at the top. */
  readonly place: string | undefined;
}

/**
 * The events that a schema holds at the root of a mapping. Where no record stands there, as in the map of a
 * CloudEvent, the name of the record around it counts; none where the schema has no such field.
 */
export function eventsIn(schema: AvroSchema, root: string | undefined): readonly EventType[] {
  const types = typesAt(schema, root);
  if (types.length === 0) return [];
  const records = types.filter(({ kind }) => kind === 'record');
  const isWhole = root === undefined && types.length === 1;
  if (records.length > 0 || root === undefined) {
    return records.map(({ name = '', aliases }) => ({
      ...{ fullName: name, aliases },
      schema: isWhole ? schema : { json: name, references: [...schema.references, schema.json] },
      isAtRoot: true,
      place: root,
    }));
  }
  const steps = parseFieldPath(root).slice(0, -1);
  const around = steps.length === 0 ? undefined : formatFieldPath(steps);
  return eventsIn(schema, around).map((event) => ({ ...event, isAtRoot: false }));
}

/** Whether a mapping's `event` means this one; without its namespace a name stands for every namespace. */
export function isEvent({ event }: Mapping, { fullName, aliases }: EventType): boolean {
  return [fullName, ...aliases].some((name) => event === name || event === shortName(name));
}

/** A record's name without its namespace. */
export function shortName(fullName: string): string {
  return fullName.slice(fullName.lastIndexOf('.') + 1);
}

/** A mapping, and the event of one schema that it is for. */
export interface Candidate {
  readonly mapping: Mapping;
  readonly event: EventType;
}

/**
 * Finds the mappings of the events that a schema writes, and compiles readers of their fields; or says how all
 * records of the schema end. `schemaName` is for messages. Throws UnreadableSchemaError.
 */
export function compileEvents(
  schema: AvroSchema,
  schemaName: string,
  mappings: readonly Mapping[],
): EventDecoder | Outcome {
  const candidates = mappings.flatMap((mapping) =>
    eventsIn(schema, mapping.root)
      .filter((event) => isEvent(mapping, event))
      .map(
        (event): Candidate => ({ mapping: deriveMapping(mapping, event.schema).mapping, event }),
      ),
  );
  if (candidates.length === 0) return skipped('unmapped');
  const candidatesOf = ({ fullName }: EventNames) =>
    candidates.filter(({ event }) => event.place !== undefined || event.fullName === fullName);
  const pathsOf = (event: EventNames) => [
    ...new Set(
      candidatesOf(event).flatMap(({ mapping }) => mappingPaths(mapping).map(({ path }) => path)),
    ),
  ];
  const { events, placeOf } = compileReaders(schema, pathsOf);
  const placed = events.map((reader) => {
    const own = candidatesOf(reader).map((candidate) => ({
      event: candidate.event,
      mapping: placeMapping(
        candidate.mapping,
        pathsOf(reader),
        reasonsIn(schema, schemaName, candidate),
      ),
    }));
    return { reader, own, mappings: own.map(({ mapping }) => mapping) };
  });
  const nameReaders = createNameReaders(schema, candidates, events.length);
  const [only, ...others] = placed;
  if (only && others.length === 0 && nameReaders.size === 0) {
    const { reader, mappings } = only;
    return (payload, start) => ({ mappings, values: reader.read(payload, start) });
  }
  return (payload, start) => {
    const {
      reader,
      own,
      mappings: all,
    } = placed[placeOf(payload, start)] as (typeof placed)[number];
    if (all.length === 0) return { mappings: all, values: [] };
    const values = reader.read(payload, start);
    if (nameReaders.size === 0) return { mappings: all, values };
    const names = new Map(
      Array.from(nameReaders, ([place, read]) => [place, read(payload, start)]),
    );
    const chosen = own.filter(
      ({ event: { place, fullName } }) => !names.has(place) || names.get(place) === fullName,
    );
    return { mappings: chosen.map(({ mapping }) => mapping), values };
  };
}

/**
 * For each place where not every record has the same event: what tells which one a record holds. Where it is one or
 * none, that matters only to mappings that don't take from the event itself whose it is.
 */
function createNameReaders(schema: AvroSchema, candidates: readonly Candidate[], branches: number) {
  const unsure = candidates.filter(
    ({ mapping, event: { place } }) =>
      branches > 1 || eventsIn(schema, place).length > 1 || isIdentifiedAround(mapping),
  );
  const places = new Set(unsure.flatMap(({ event: { place } }) => place ?? []));
  return new Map<string | undefined, (payload: Buffer, start: number) => string | undefined>(
    Array.from(places, (place) => [place, compileRecordNameReader(schema, place)]),
  );
}

/** Whether the click or a user of a mapping is a field of what is around its root. */
function isIdentifiedAround({ click, user = [] }: Mapping): boolean {
  return [click, ...user].some((path) => path?.startsWith('/'));
}

function reasonsIn(schema: AvroSchema, schemaName: string, candidate: Candidate) {
  const missing = missingFields(schema, candidate, requiredFields(candidate.mapping));
  return [...missingSettings(candidate), ...missing].map(({ reason, setting }) => ({
    setting,
    reason: `${schemaName}: ${reason}`,
  }));
}

function requiredFields(mapping: Mapping): readonly MappedPath[] {
  return mappingPaths(mapping).filter(({ isOptional }) => !isOptional);
}

/** A field of a mapping that the schema of its event doesn't have. */
export interface MissingField {
  /** Undefined where the mapping names no field, and the event has none that stands for it. */
  readonly field: MappedPath | undefined;
  readonly setting: string;
  readonly reason: string;
}

/** Which of these fields of a mapping an event doesn't have, and what it has instead. */
export function missingFields(
  schema: AvroSchema,
  { event }: Candidate,
  fields: readonly MappedPath[],
): readonly MissingField[] {
  const eventType = readableType(event.schema);
  const schemaType = readableType(schema);
  return fields.flatMap((field) => {
    const missing = isOfEvent(event, field)
      ? findMissingPath(eventType, field.written)
      : findMissingPath(schemaType, field.path);
    return missing ? [{ field, setting: field.setting, reason: missing.reason }] : [];
  });
}

/** Whether a field counts from the event's own record, so that its schema is the one to ask. */
export function isOfEvent({ isAtRoot }: EventType, { written }: MappedPath): boolean {
  return isAtRoot && !written.startsWith('/');
}

/** What a mapping can't do without, and neither names nor finds. */
export function missingSettings({ mapping, event }: Candidate): readonly MissingField[] {
  const lacking = (setting: string, what: string, names: readonly string[]): MissingField => ({
    ...{ field: undefined, setting },
    reason: `needs ${what}; ${shortName(event.fullName)} has none of the usual names ${names.join(', ')}`,
  });
  const { user, click } = derivedNames;
  const hasClick = (mapping.click ?? mapping.clickUrl) !== undefined;
  const lacksClick = mapping.record === 'click' && !hasClick;
  const needsUser = mapping.record === 'click' || !hasClick;
  return [
    ...(lacksClick ? [lacking('click', 'click (the field with the click id)', click)] : []),
    ...(needsUser && mapping.user === undefined
      ? [lacking('user', 'user (the fields that identify the person)', user)]
      : []),
  ];
}
