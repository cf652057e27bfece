import { UndecodableError, UnreadableSchemaError } from '../avro/errors.ts';
import { fingerprintOf } from '../avro/fingerprint.ts';
import { type Frame, payloadOf, unframe, type Wire } from '../avro/framing.ts';
import { compileReader, type EventReader, type FieldValue } from '../avro/reader.ts';
import type { AvroSchema } from '../avro/schema.ts';
import { keyOf, type SchemaReference } from '../avro/schemaReference.ts';
import type { SchemaSource } from '../avro/schemaSource.ts';
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

/** What the records of one topic with one writer schema are read with; or how they all end. */
type Event = { readonly reader: EventReader; readonly mappings: readonly EventMapping[] } | Outcome;

/** What a topic's records are made of. */
export interface TopicFormat extends Wire {
  readonly topic: string;
  /** The schema of its file; without one, the frames name the schemas of a source. */
  readonly schema: AvroSchema | undefined;
  readonly mappings: readonly Mapping[];
}

/** What decoding needs; a source of schemas, where a topic has none of its own. */
export interface DecodeParts {
  readonly topics: readonly TopicFormat[];
  readonly source: SchemaSource | undefined;
  readonly untilAvailable: UntilAvailable;
}

/** Schemas that are fetched at once: fewer than a source takes for a burden when it has none of them. */
const fetches = 8;

/** Reads the mapped fields of each record; fetches the schemas that are not known yet, then is synchronous. */
export function createDecode(parts: DecodeParts) {
  const { topics, source, untilAvailable } = parts;
  const decoders = new Map(topics.map((topic) => [topic.topic, new TopicDecoder(topic, source)]));
  const decoderOf = (record: SourceRecord) => decoders.get(record.topic) as TopicDecoder;
  return async function decode(
    records: readonly SourceRecord[],
  ): Promise<StepResult<DecodedRecord>> {
    const pending = new Map<string, () => Promise<void>>();
    for (const record of records) {
      const missing = decoderOf(record).missing(record);
      if (missing === undefined) continue;
      const fetch = () => decoderOf(record).fetchEvent(missing);
      pending.set(`${record.topic} ${keyOf(missing)}`, fetch);
    }
    if (pending.size > 0) await fetchAll([...pending.values()], untilAvailable);
    return eachRecord(records, (record) => decoderOf(record).decode(record));
  };
}

async function fetchAll(pending: (() => Promise<void>)[], untilAvailable: UntilAvailable) {
  const work = async () => {
    for (let next = pending.shift(); next; next = pending.shift()) await untilAvailable(next);
  };
  await Promise.all(Array.from({ length: fetches }, work));
}

/** The one schema of a topic whose frames name none, or whose file stands for all that they name. */
const onlySchema = 'file';

class TopicDecoder {
  readonly #topic: TopicFormat;
  readonly #source: SchemaSource | undefined;
  /** By {@link keyOf} of what the frames name. */
  readonly #events = new Map<string, Event>();

  constructor(topic: TopicFormat, source: SchemaSource | undefined) {
    this.#topic = topic;
    this.#source = source;
    const { schema, mappings } = topic;
    if (schema) this.#events.set(this.#keyOfFile(schema), compileEvent(schema, mappings));
  }

  /** The schema that must be fetched before the record can be decoded. */
  missing(record: SourceRecord): SchemaReference | undefined {
    if (this.#topic.schema || record.value === null) return undefined;
    try {
      const { reference } = unframe(this.#topic, record.value, record.headers);
      return reference && !this.#events.has(keyOf(reference)) ? reference : undefined;
    } catch {
      // Not in the format, as decode will find and say.
      return undefined;
    }
  }

  /** Fetches a schema that is missing. Throws UnavailableError and ConfigurationError, as its source does. */
  async fetchEvent(reference: SchemaReference): Promise<void> {
    if (!this.#source) throw new Error(`no registry for topic ${this.#topic.topic}`);
    try {
      const schema = await this.#source.schemaOf(reference);
      // What the source doesn't know is not kept: it may know it later.
      if (schema) this.#events.set(keyOf(reference), compileEvent(schema, this.#topic.mappings));
    } catch (thrown) {
      if (!(thrown instanceof UnreadableSchemaError)) throw thrown;
      this.#events.set(keyOf(reference), deadLettered('undecodable', thrown.message));
    }
  }

  decode(record: SourceRecord): DecodedRecord | Settlement {
    if (record.value === null) return { record, outcome: skipped('tombstone') };
    try {
      const frame = unframe(this.#topic, record.value, record.headers);
      const event = this.#eventOf(frame);
      if ('outcome' in event) return { record, outcome: event };
      return { record, mappings: event.mappings, values: event.reader.read(payloadOf(frame)) };
    } catch (thrown) {
      if (!(thrown instanceof UndecodableError)) throw thrown;
      return { record, outcome: deadLettered('undecodable', thrown.message) };
    }
  }

  #eventOf({ reference }: Frame): Event {
    const event = this.#events.get(this.#keyOfFrame(reference));
    if (event) return event;
    const [expected] = this.#events.keys();
    const reason = this.#topic.schema
      ? `written with another schema than that of the file: ${reference && keyOf(reference)}, not ${expected}`
      : `the registry has no schema with the ${reference && keyOf(reference)}`;
    throw new UndecodableError(reason);
  }

  #keyOfFrame(reference: SchemaReference | undefined): string {
    if (reference === undefined) return onlySchema;
    // AWS's ids say nothing of a schema: with a file, it is trusted to be the one.
    return reference.kind === 'versionId' && this.#topic.schema ? onlySchema : keyOf(reference);
  }

  #keyOfFile(schema: AvroSchema): string {
    return this.#topic.format === 'single-object' ? keyOf(fingerprintOf(schema)) : onlySchema;
  }
}

/** Finds the mappings of the event that a schema writes, and compiles a reader of their fields. */
function compileEvent(schema: AvroSchema, mappings: readonly Mapping[]): Event {
  const { fullName, shortName } = compileReader(schema, []);
  const own = mappings.filter(({ event }) => event === fullName || event === shortName);
  if (own.length === 0) return skipped('unmapped');
  const paths = [
    ...new Set(own.flatMap((mapping) => mappingPaths(mapping).map(({ path }) => path))),
  ];
  const reader = compileReader(schema, paths);
  return {
    reader,
    mappings: own.map((mapping) => placeMapping(mapping, paths, reader.missing)),
  };
}
