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
import { eachRecord, type Settlement, type StepResult } from './step.ts';

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
  const decoderOf = ({ source: partition }: SourceRecord) => {
    if (last?.partition === partition) return last.decoder;
    const { topic } = partition;
    const decoder = decoders.get(topic) ?? new TopicDecoder(formatOf(topic), source);
    decoders.set(topic, decoder);
    last = { partition, decoder };
    return decoder;
  };
  return {
    /**
     * Takes a step that decodes, fetches the schemas that were not known yet, and takes the whole step again for as
     * long as that brought one. So records are looked at once, as nearly always all schemas are known.
     */
    async withSchemas<Result>(step: () => Result | Promise<Result>): Promise<Result> {
      for (;;) {
        const result = await step();
        const pending = [...decoders.values()].flatMap((decoder) => decoder.takeMissing());
        if (pending.length === 0 || !(await fetchAll(pending, untilAvailable))) return result;
      }
    },

    /** Waits for nothing. Records of schemas that are not known are undecodable, so take it within `withSchemas`. */
    decode(records: readonly SourceRecord[]): StepResult<DecodedRecord> {
      return eachRecord(records, (record) => decoderOf(record).decode(record));
    },
  };
}

/** Whether there was any of what was fetched. */
async function fetchAll(
  pending: (() => Promise<boolean>)[],
  untilAvailable: UntilAvailable,
): Promise<boolean> {
  let isAnyKnown = false;
  const work = async () => {
    for (let next = pending.shift(); next; next = pending.shift()) {
      if (await untilAvailable(next)) isAnyKnown = true;
    }
  };
  await Promise.all(Array.from({ length: fetches }, work));
  return isAnyKnown;
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
  /** Schemas that records named and that were not there, by their keys. */
  readonly #missing = new Map<string, SchemaReference>();
  /** Of the topic's own schema, where it has one. */
  readonly #ownEvents: EventDecoder | Outcome | undefined;

  constructor(topic: TopicFormat, source: SchemaSource | undefined) {
    this.#topic = topic;
    this.#source = source;
    this.#unframe = createUnframe(topic);
    const { schema, mappings } = topic;
    this.#ownEvents = schema && compileEvents(schema, 'the schema file', mappings);
  }

  /** What fetches each of the schemas that were missing since it was last called. */
  takeMissing(): (() => Promise<boolean>)[] {
    if (this.#missing.size === 0) return [];
    const references = [...this.#missing.values()];
    this.#missing.clear();
    return references.map((reference) => () => this.#fetchEvents(reference));
  }

  /** Whether the source knows the schema. Throws UnavailableError and ConfigurationError, as it does. */
  async #fetchEvents(reference: SchemaReference): Promise<boolean> {
    if (!this.#source) throw new Error(`no registry for topic ${this.#topic.topic}`);
    try {
      const schema = await this.#source.schemaOf(reference);
      // What the source doesn't know is not kept: it may know it later.
      if (!schema) return false;
      const events = compileEvents(schema, nameOf(reference), this.#topic.mappings);
      this.#events.set(reference, events);
    } catch (thrown) {
      if (!(thrown instanceof UnreadableSchemaError)) throw thrown;
      this.#events.set(reference, deadLettered('undecodable', thrown.message));
    }
    return true;
  }

  decode(record: SourceRecord): DecodedRecord | Settlement {
    const { value } = record;
    if (value === null) return { record, outcome: skipped('tombstone') };
    try {
      const frame = this.#unframe(value, record.headers);
      const events = this.#eventsOf(frame);
      if ('outcome' in events) return { record, outcome: events };
      const { mappings, values } = frame.compression
        ? events(inflate(frame, value), 0)
        : events(value, frame.start);
      return mappings.length === 0
        ? { record, outcome: skipped('unmapped') }
        : new Decoded(record, mappings, values);
    } catch (thrown) {
      if (!(thrown instanceof UndecodableError)) throw thrown;
      return { record, outcome: deadLettered('undecodable', thrown.message) };
    }
  }

  #eventsOf({ reference }: Frame): EventDecoder | Outcome {
    const events = this.#ownEvents ?? (reference && this.#events.get(reference));
    if (!events) throw this.#unknown(reference);
    if (reference?.kind === 'fingerprint') this.#checkFingerprint(reference);
    return events;
  }

  #unknown(reference: SchemaReference | undefined): UndecodableError {
    const key = reference && keyOf(reference);
    if (reference && key !== undefined) this.#missing.set(key, reference);
    return new UndecodableError(`the registry has no schema with the ${key}`);
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

/** In messages. */
function nameOf(reference: SchemaReference): string {
  return reference.kind === 'id' ? `schema ${reference.value}` : `schema ${keyOf(reference)}`;
}
