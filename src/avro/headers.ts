/** A header; null where a producer gave it no value, which kafkajs's types leave out. */
type Header = Buffer | string | null;

/** A record's headers; a list where a name stands more than once. */
export interface Headers {
  readonly [name: string]: Header | readonly Header[] | undefined;
}

/**
 * Where Confluent's serializers put a GUID, from their version 8.1
 * (https://github.com/confluentinc/schema-registry, schema-serializer, HeaderSchemaIdSerializer).
 */
export const valueSchemaIdHeader = '__value_schema_id';

/**
 * Where Apicurio's serializers put an id when `apicurio.registry.headers.enabled` is set, and how the value is
 * encoded (https://github.com/Apicurio/apicurio-registry, serdes, KafkaSerdeHeaders).
 */
export const apicurioHeaders = {
  globalId: 'apicurio.value.globalId',
  contentId: 'apicurio.value.contentId',
  encoding: 'apicurio.value.encoding',
} as const;

/** The bytes of a header, the last of its name, which is the one that counts in Kafka; undefined where it has none. */
export function lastHeader(headers: Headers | undefined, name: string): Buffer | undefined {
  const header = headers?.[name];
  if (header === undefined || !Object.hasOwn(headers as Headers, name)) return undefined;
  const last = [header].flat().at(-1);
  return typeof last === 'string' ? Buffer.from(last) : (last ?? undefined);
}
