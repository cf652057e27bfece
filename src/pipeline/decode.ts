import { UndecodableError, UnreadableSchemaError } from '../avro/errors.ts';
import { unframe } from '../avro/framing.ts';
import type { FieldValue } from '../avro/reader.ts';
import type { SchemaRegistry } from '../avro/registry.ts';
import type { AvroSchema } from '../avro/schema.ts';
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
export interface TopicFormat {
  readonly topic: string;
  readonly format: Mapping['format'];
  /** The schema of formats that don't name it in the bytes. */
  readonly schema: AvroSchema | undefined;
  readonly mappings: readonly Mapping[];
}

/** What decoding needs; a registry, where a topic's format names schemas by id. */
export interface DecodeParts {
  readonly formatOf: (topic: string) => TopicFormat;
  readonly registry: SchemaRegistry | undefined;
  readonly untilAvailable: UntilAvailable;
}

/** Reads the mapped fields of each record. */
export function createDecode({ formatOf, registry, untilAvailable }: DecodeParts) {
  const decoders = new Map<string, TopicDecoder>();
  const decoderOf = ({ topic }: SourceRecord) => {
    const known = decoders.get(topic);
    if (known) return known;
    const decoder = new TopicDecoder(formatOf(topic), registry);
    decoders.set(topic, decoder);
    return decoder;
  };
  return {
    /** Fetches the schemas that the records need and that are not known yet. */
    async prepare(records: readonly SourceRecord[]): Promise<void> {
      for (const record of records) {
        const pending = decoderOf(record).prepare(record);
        if (pending) await untilAvailable(pending);
      }
    },

    /** Waits for nothing. The schemas have to be there. */
    decode(records: readonly SourceRecord[]): StepResult<DecodedRecord> {
      return eachRecord(records, (record) => decoderOf(record).decode(record));
    },
  };
}

/** Framed with no schema id, a record has the one schema that its topic was given. */
const fileSchema = -1;

class TopicDecoder {
  readonly #topic: TopicFormat;
  readonly #registry: SchemaRegistry | undefined;
  readonly #events = new Map<number, EventDecoder | Outcome>();

  constructor(topic: TopicFormat, registry: SchemaRegistry | undefined) {
    this.#topic = topic;
    this.#registry = registry;
    if (topic.schema)
      this.#events.set(fileSchema, compileEvents(topic.schema, 'the schema file', topic.mappings));
  }

  /** How to fetch the schema that the record needs (it throws UnavailableError), unless it is known. */
  prepare(record: SourceRecord): (() => Promise<void>) | undefined {
    if (this.#topic.schema || record.value === null) return undefined;
    const schemaId = schemaIdOf(record.value);
    if (schemaId === undefined || this.#events.has(schemaId)) return undefined;
    return () => this.#fetchEvent(schemaId);
  }

  decode(record: SourceRecord): DecodedRecord | Settlement {
    if (record.value === null) return { record, outcome: skipped('tombstone') };
    try {
      const { schemaId = fileSchema, payload } = this.#unframe(record.value);
      const event = this.#events.get(schemaId);
      if (!event) throw new UndecodableError(`the registry has no schema with the id ${schemaId}`);
      if ('outcome' in event) return { record, outcome: event };
      const decoded = event(payload);
      return decoded.mappings.length === 0
        ? { record, outcome: skipped('unmapped') }
        : { record, ...decoded };
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
      if (schema)
        this.#events.set(
          schemaId,
          compileEvents(schema, `schema ${schemaId}`, this.#topic.mappings),
        );
    } catch (thrown) {
      if (!(thrown instanceof UnreadableSchemaError)) throw thrown;
      this.#events.set(schemaId, deadLettered('undecodable', thrown.message));
    }
  }
}

function schemaIdOf(value: Buffer): number | undefined {
  return value.length >= 5 && value[0] === 0 ? value.readInt32BE(1) : undefined;
}
