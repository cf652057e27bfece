import { toError } from '../errors.ts';
import { UnreadableSchemaError } from './errors.ts';
import { type AvroSchema, readableType } from './schema.ts';

/**
 * The JSON of a schema that a registry keeps as text, and as what type. `id` is what messages call it. Throws
 * UnreadableSchemaError for another type than AVRO (none says AVRO), and for text that is no JSON.
 */
export function parseAvro(
  id: number | string,
  text: string,
  type: string | null | undefined,
): unknown {
  if (type != null && type !== 'AVRO') {
    throw new UnreadableSchemaError(id, `it is of type ${type}, and only AVRO is read`);
  }
  try {
    return JSON.parse(text);
  } catch (thrown) {
    const { message } = toError(thrown);
    throw new UnreadableSchemaError(id, `it is no JSON: ${message}`, { cause: thrown });
  }
}

/** The schema itself, when events can be read with it. Throws UnreadableSchemaError. */
export function checkReadable(id: number | string, schema: AvroSchema): AvroSchema {
  try {
    readableType(schema);
  } catch (thrown) {
    throw new UnreadableSchemaError(id, toError(thrown).message, { cause: thrown });
  }
  return schema;
}
