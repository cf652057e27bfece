import { UndecodableError, UnreadableSchemaError } from '../avro/errors.ts';
import { unframe } from '../avro/framing.ts';
import {
  compileReaders,
  type EventNames,
  type EventReader,
  type FieldValue,
} from '../avro/reader.ts';
import type { SchemaRegistry } from '../avro/registry.ts';
import type { AvroSchema } from '../avro/schema.ts';
import type { Mapping } from '../config/schema.ts';
import type { SourceRecord } from '../kafka/partition.ts';
import type { UntilAvailable } from './availability.ts';
import { type EventMapping, mappingPaths, placeMapping } from './eventMapping.ts';
import { deadLettered, type Outcome, skipped } from './outcome.ts';
import { eachRecord, type Settlement, type StepResult } from './step.ts';

/** A record whose mapped fields have been read. */
export interface DecodedRecord {
  readonly record: SourceRecord;
  /** The mappings of its event, in the order of the configuration. */
  readonly mappings: readonly EventMapping[];
  /** The values of the mapped fields; an EventMapping knows their places. */
  readonly values: readonly FieldValue[];
}

/** What the records of one event with one writer schema are read with; or how they all end. */
type Event = { readonly reader: EventReader; readonly mappings: readonly EventMapping[] } | Outcome;

/** The events of one topic that one writer schema has: several where it is a union of records. */
interface Events {
  readonly events: readonly Event[];
  placeOf(payload: Buffer): number;
}

/** What a topic's records are made of. */
export interface TopicFormat {
  readonly topic: string;
  readonly format: Mapping['format'];
  /** The schema of formats that don't name it in the bytes. */
  readonly schema: AvroSchema | undefined;
  readonly mappings: readonly Mapping[];
}

/** What decoding needs; a registry, where a topic's format names schemas by id. */
export interface DecodeParts {
  readonly topics: readonly TopicFormat[];
  readonly registry: SchemaRegistry | undefined;
  readonly untilAvailable: UntilAvailable;
}

/** Reads the mapped fields of each record; fetches the schemas that are not known yet, then is synchronous. */
export function createDecode(parts: DecodeParts) {
  const { topics, registry, untilAvailable } = parts;
  const decoders = new Map(topics.map((topic) => [topic.topic, new TopicDecoder(topic, registry)]));
  const decoderOf = (record: SourceRecord) => decoders.get(record.topic) as TopicDecoder;
  return async function decode(
    records: readonly SourceRecord[],
  ): Promise<StepResult<DecodedRecord>> {
    for (const record of records) {
      const pending = decoderOf(record).prepare(record);
      if (pending) await untilAvailable(pending);
    }
    return eachRecord(records, (record) => decoderOf(record).decode(record));
  };
}

/** Framed with no schema id, a record has the one schema that its topic was given. */
const fileSchema = -1;

class TopicDecoder {
  readonly #topic: TopicFormat;
  readonly #registry: SchemaRegistry | undefined;
  readonly #schemas = new Map<number, Events | Outcome>();

  constructor(topic: TopicFormat, registry: SchemaRegistry | undefined) {
    this.#topic = topic;
    this.#registry = registry;
    if (!topic.schema) return;
    this.#schemas.set(fileSchema, compileEvents(topic.schema, 'the schema file', topic.mappings));
  }

  /** How to fetch the schema that the record needs (it throws UnavailableError), unless it is known. */
  prepare(record: SourceRecord): (() => Promise<void>) | undefined {
    if (this.#topic.schema || record.value === null) return undefined;
    const schemaId = schemaIdOf(record.value);
    if (schemaId === undefined || this.#schemas.has(schemaId)) return undefined;
    return () => this.#fetchEvent(schemaId);
  }

  decode(record: SourceRecord): DecodedRecord | Settlement {
    if (record.value === null) return { record, outcome: skipped('tombstone') };
    try {
      const { schemaId = fileSchema, payload } = this.#unframe(record.value);
      const schema = this.#schemas.get(schemaId);
      if (!schema) throw new UndecodableError(`the registry has no schema with the id ${schemaId}`);
      const event = 'outcome' in schema ? schema : eventOf(schema, payload);
      if ('outcome' in event) return { record, outcome: event };
      return { record, mappings: event.mappings, values: event.reader.read(payload) };
    } catch (thrown) {
      if (!(thrown instanceof UndecodableError)) throw thrown;
      return { record, outcome: deadLettered('undecodable', thrown.message) };
    }
  }

  #unframe(value: Buffer) {
    return unframe(this.#topic.format, value, this.#topic.schema);
  }

  async #fetchEvent(schemaId: number): Promise<void> {
    if (!this.#registry) throw new Error(`no registry for topic ${this.#topic.topic}`);
    try {
      const schema = await this.#registry.schemaById(schemaId);
      // An id that the registry doesn't know is not kept: it may know it later.
      if (!schema) return;
      const events = compileEvents(schema, `schema ${schemaId}`, this.#topic.mappings);
      this.#schemas.set(schemaId, events);
    } catch (thrown) {
      if (!(thrown instanceof UnreadableSchemaError)) throw thrown;
      this.#schemas.set(schemaId, deadLettered('undecodable', thrown.message));
    }
  }
}

function schemaIdOf(value: Buffer): number | undefined {
  return value.length >= 5 && value[0] === 0 ? value.readInt32BE(1) : undefined;
}

function eventOf({ events, placeOf }: Events, payload: Buffer): Event {
  return events[placeOf(payload)] as Event;
}

/**
 * Finds the mappings of the events that a schema writes, and compiles readers of their fields. `schemaName` is for
 * the messages of fields that it doesn't have.
 */
function compileEvents(
  schema: AvroSchema,
  schemaName: string,
  mappings: readonly Mapping[],
): Events {
  const mappingsOf = ({ isNamed }: EventNames) => mappings.filter(({ event }) => isNamed(event));
  const pathsOf = (event: EventNames) => [
    ...new Set(
      mappingsOf(event).flatMap((mapping) => mappingPaths(mapping).map(({ path }) => path)),
    ),
  ];
  const { events, placeOf } = compileReaders(schema, pathsOf);
  return {
    placeOf,
    events: events.map((reader) => {
      const own = mappingsOf(reader);
      if (own.length === 0) return skipped('unmapped');
      const paths = pathsOf(reader);
      const missing = reader.missing.map((path) => ({
        ...path,
        reason: `${schemaName}: ${path.reason}`,
      }));
      return { reader, mappings: own.map((mapping) => placeMapping(mapping, paths, missing)) };
    }),
  };
}
