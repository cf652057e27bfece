import { UndecodableError, UnreadableSchemaError } from '../avro/errors.ts';
import { fingerprintOf } from '../avro/fingerprint.ts';
import { type Frame, payloadOf, unframe, type Wire } from '../avro/framing.ts';
import type { FieldValue } from '../avro/reader.ts';
import type { AvroSchema } from '../avro/schema.ts';
import { keyOf, type SchemaReference } from '../avro/schemaReference.ts';
import type { SchemaSource } from '../avro/schemaSource.ts';
import type { Mapping } from '../config/schema.ts';
import type { SourceRecord } from '../kafka/partition.ts';
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
  const decoderOf = ({ topic }: SourceRecord) => {
    const known = decoders.get(topic);
    if (known) return known;
    const decoder = new TopicDecoder(formatOf(topic), source);
    decoders.set(topic, decoder);
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

    /** Waits for nothing. The schemas have to be there. */
    decode(records: readonly SourceRecord[]): StepResult<DecodedRecord> {
      return eachRecord(records, (record) => decoderOf(record).decode(record));
    },
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
  readonly #events = new Map<string, EventDecoder | Outcome>();

  constructor(topic: TopicFormat, source: SchemaSource | undefined) {
    this.#topic = topic;
    this.#source = source;
    const { schema, mappings } = topic;
    if (!schema) return;
    const events = compileEvents(schema, 'the schema file', mappings);
    this.#events.set(this.#keyOfFile(schema), events);
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
  async fetchEvents(reference: SchemaReference): Promise<void> {
    if (!this.#source) throw new Error(`no registry for topic ${this.#topic.topic}`);
    try {
      const schema = await this.#source.schemaOf(reference);
      // What the source doesn't know is not kept: it may know it later.
      if (!schema) return;
      const events = compileEvents(schema, nameOf(reference), this.#topic.mappings);
      this.#events.set(keyOf(reference), events);
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
      const decoded = event(payloadOf(frame));
      return decoded.mappings.length === 0
        ? { record, outcome: skipped('unmapped') }
        : { record, ...decoded };
    } catch (thrown) {
      if (!(thrown instanceof UndecodableError)) throw thrown;
      return { record, outcome: deadLettered('undecodable', thrown.message) };
    }
  }

  #eventOf({ reference }: Frame): EventDecoder | Outcome {
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

/** In messages. */
function nameOf(reference: SchemaReference): string {
  return reference.kind === 'id' ? `schema ${reference.value}` : `schema ${keyOf(reference)}`;
}
