import { UndecodableError, UnreadableSchemaError } from '../avro/errors.ts';
import { fingerprintOf } from '../avro/fingerprint.ts';
import { createUnframe, type Frame, inflate, type Unframe, type Wire } from '../avro/framing.ts';
import type { FieldValue } from '../avro/reader.ts';
import type { AvroSchema } from '../avro/schema.ts';
import { ByReference, keyOf, type SchemaReference } from '../avro/schemaReference.ts';
import type { SchemaSource } from '../avro/schemaSource.ts';
import type { Mapping } from '../config/schema.ts';
import type { AssignedPartition, SourceRecord } from '../kafka/partition.ts';
import type { UntilAvailable } from './availability.ts';
import type { EventMapping } from './eventMapping.ts';
import { compileEvents, type EventDecoder } from './events.ts';
import { deadLettered, type Outcome, skipped } from './outcome.ts';
import type { Settlement } from './step.ts';

/** A record whose mapped fields have been read. */
export interface DecodedRecord {
  readonly record: SourceRecord;
  /** The mappings of its event, in the order of the configuration. */
  readonly mappings: readonly EventMapping[];
  /** The values of the mapped fields; an EventMapping knows their places. */
  readonly values: readonly FieldValue[];
}

/** What a topic's records are made of. */
export interface TopicFormat extends Wire {
  readonly topic: string;
  /** The schema of its file; without one, the frames name the schemas of a source. */
  readonly schema: AvroSchema | undefined;
  readonly mappings: readonly Mapping[];
}

/** What decoding needs; a source of schemas, where a topic has none of its own. */
export interface DecodeParts {
  readonly formatOf: (topic: string) => TopicFormat;
  readonly source: SchemaSource | undefined;
  readonly untilAvailable: UntilAvailable;
}

/** Schemas that are fetched at once: fewer than a source takes for a burden when it has none of them. */
const fetches = 8;

/** Reads the mapped fields of each record. */
export function createDecode({ formatOf, source, untilAvailable }: DecodeParts) {
  const decoders = new Map<string, TopicDecoder>();
  // Records come partition by partition.
  let last: { readonly partition: AssignedPartition; readonly decoder: TopicDecoder } | undefined;
  const decoderOf = ({ source: partition }: SourceRecord) =>
    last?.partition === partition ? last.decoder : findDecoder(partition);
  const findDecoder = (partition: AssignedPartition) => {
    const { topic } = partition;
    const decoder = decoders.get(topic) ?? new TopicDecoder(formatOf(topic), source);
    decoders.set(topic, decoder);
    last = { partition, decoder };
    return decoder;
  };
  return {
    /** Fetches the schemas that the records need and that are not known yet. */
    async prepare(records: readonly SourceRecord[]): Promise<void> {
      const pending = new Map<string, () => Promise<void>>();
      for (const record of records) {
        const missing = decoderOf(record).missing(record);
        if (missing === undefined) continue;
        const fetch = () => decoderOf(record).fetchEvents(missing);
        pending.set(`${record.topic} ${keyOf(missing)}`, fetch);
      }
      if (pending.size > 0) await fetchAll([...pending.values()], untilAvailable);
    },

    /** Reads a record, and waits for nothing. Its schema has to be there. */
    decodeRecord: (record: SourceRecord) => decoderOf(record).decode(record),
  };
}

async function fetchAll(pending: (() => Promise<void>)[], untilAvailable: UntilAvailable) {
  const work = async () => {
    for (let next = pending.shift(); next; next = pending.shift()) await untilAvailable(next);
  };
  await Promise.all(Array.from({ length: fetches }, work));
}

/** A class, for the reason that map.ts has one. */
class Decoded implements DecodedRecord {
  readonly record: SourceRecord;
  readonly mappings: readonly EventMapping[];
  readonly values: readonly FieldValue[];

  constructor(
    record: SourceRecord,
    mappings: readonly EventMapping[],
    values: readonly FieldValue[],
  ) {
    this.record = record;
    this.mappings = mappings;
    this.values = values;
  }
}

class TopicDecoder {
  readonly #topic: TopicFormat;
  readonly #source: SchemaSource | undefined;
  readonly #unframe: Unframe;
  readonly #events = new ByReference<EventDecoder | Outcome>();
  /** The last frame whose schema was there: nearly always it is the next record's, too. */
  #known: Frame | undefined;
  /** Of the topic's own schema, where it has one. */
  readonly #ownEvents: EventDecoder | Outcome | undefined;

  constructor(topic: TopicFormat, source: SchemaSource | undefined) {
    this.#topic = topic;
    this.#source = source;
    this.#unframe = createUnframe(topic);
    const { schema, mappings } = topic;
    this.#ownEvents = schema && compileEvents(schema, 'the schema file', mappings);
  }

  /** The schema that must be fetched before the record can be decoded. */
  missing(record: SourceRecord): SchemaReference | undefined {
    if (this.#topic.schema || record.value === null) return undefined;
    try {
      const frame = this.#unframe(record.value, record.headers);
      if (frame === this.#known) return undefined;
      const { reference } = frame;
      if (reference && !this.#events.get(reference)) return reference;
      this.#known = frame;
      return undefined;
    } catch {
      // Not in the format, as decode will find and say.
      return undefined;
    }
  }

  /** Fetches a schema that is missing. Throws UnavailableError and ConfigurationError, as its source does. */
  async fetchEvents(reference: SchemaReference): Promise<void> {
    if (!this.#source) throw new Error(`no registry for topic ${this.#topic.topic}`);
    try {
      const schema = await this.#source.schemaOf(reference);
      // What the source doesn't know is not kept: it may know it later.
      if (!schema) return;
      const events = compileEvents(schema, nameOf(reference), this.#topic.mappings);
      this.#events.set(reference, events);
    } catch (thrown) {
      if (!(thrown instanceof UnreadableSchemaError)) throw thrown;
      this.#events.set(reference, deadLettered('undecodable', thrown.message));
    }
  }

  decode(record: SourceRecord): DecodedRecord | Settlement {
    const { value } = record;
    if (value === null) return { record, outcome: skipped('tombstone') };
    try {
      const frame = this.#unframe(value, record.headers);
      const events = this.#eventsOf(frame);
      if (typeof events !== 'function') return { record, outcome: events };
      return read(record, value, frame, events);
    } catch (thrown) {
      return undecodable(record, thrown);
    }
  }

  #eventsOf({ reference }: Frame): EventDecoder | Outcome {
    const events = this.#ownEvents ?? (reference && this.#events.get(reference));
    if (!events) throw unknownSchema(reference);
    if (reference?.kind === 'fingerprint') this.#checkFingerprint(reference);
    return events;
  }

  /** Single-object frames tell whether the file's schema is the one; AWS's ids tell nothing of it. */
  #checkFingerprint(reference: SchemaReference): void {
    const own = this.#topic.schema && fingerprintOf(this.#topic.schema);
    if (own === undefined || own.value === reference.value) return;
    throw new UndecodableError(
      `written with another schema than that of the file: ${keyOf(reference)}, not ${keyOf(own)}`,
    );
  }
}

function unknownSchema(reference: SchemaReference | undefined): UndecodableError {
  const name = reference && keyOf(reference);
  return new UndecodableError(`the registry has no schema with the ${name}`);
}

function read(record: SourceRecord, value: Buffer, frame: Frame, events: EventDecoder) {
  const { mappings, values } = frame.compression
    ? events(inflate(frame, value), 0)
    : events(value, frame.start);
  if (mappings.length > 0) return new Decoded(record, mappings, values);
  return { record, outcome: skipped('unmapped') };
}

function undecodable(record: SourceRecord, thrown: unknown): Settlement {
  if (!(thrown instanceof UndecodableError)) throw thrown;
  return { record, outcome: deadLettered('undecodable', thrown.message) };
}

/** In messages. */
function nameOf(reference: SchemaReference): string {
  return reference.kind === 'id' ? `schema ${reference.value}` : `schema ${keyOf(reference)}`;
}
