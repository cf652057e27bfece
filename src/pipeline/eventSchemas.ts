import type { SchemaRegistry } from '../avro/registry.ts';
import type { AvroSchema } from '../avro/schema.ts';
import type { Mapping } from '../config/schema.ts';
import { topicsOf } from '../config/topics.ts';

/** What the events of a mapping may be written with. */
export interface EventSchemas {
  /** Where they come from, in messages: `the topic "orders"`. */
  readonly origin: string;
  /** Throws UnreadableSchemaError. */
  readonly read: () => Promise<readonly AvroSchema[]>;
}

/** How the schemas of a mapping's events are found. */
export type EventSchemasOf = (mapping: Mapping) => readonly EventSchemas[];

/** By the topics of a mapping: its own schema file wins, the registry has the latest of the rest. */
export function schemasByTopic(
  registry: SchemaRegistry | undefined,
  files: ReadonlyMap<string, AvroSchema>,
  clusterTopics: readonly string[],
): EventSchemasOf {
  return ({ topic: setting, event, format, schema }) => {
    const fromFile = schema === undefined ? undefined : files.get(schema);
    return topicsOf(setting, clusterTopics).map((topic) => ({
      origin: `the topic "${topic}"`,
      async read() {
        if (fromFile) return [fromFile];
        // AWS Glue tells a schema only by the id in a record.
        if (format === 'glue') return [];
        const found = await registry?.latestSchemas(topic, [event]);
        return (found ?? []).map((subject) => subject.schema);
      },
    }));
  };
}
