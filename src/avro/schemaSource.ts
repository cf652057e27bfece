import { toError, UnavailableError } from '../errors.ts';
import type { SavedSchemas } from './savedSchemas.ts';
import type { AvroSchema } from './schema.ts';
import { SchemaCache } from './schemaCache.ts';
import type { SchemaReference } from './schemaReference.ts';

/** Where the schemas are that frames name. */
export interface SchemaSource {
  /**
   * The schema that a frame names, with the schemas that it refers to; undefined once the source has been
   * without it twice, 2 s apart. Concurrent askers share one request; what was found is kept for good, that it
   * is unknown for 30 s. Throws UnreadableSchemaError for a schema that is not Avro, or that is invalid;
   * UnavailableError where asking again later may help; ConfigurationError where a setting must change.
   */
  schemaOf(reference: SchemaReference): Promise<AvroSchema | undefined>;
}

/** What a source is made of. */
export interface SourceParts {
  /** Who is asked, for messages: `schema registry at http://localhost:8081`. */
  readonly part: string;
  /** Asks; undefined for what is unknown. Throws as SchemaSource says. */
  readonly load: (reference: SchemaReference) => Promise<AvroSchema | undefined>;
  /** Where schemas are kept for times without an answer. */
  readonly saved: SavedSchemas | undefined;
  /** Told of schemas that could not be kept. */
  readonly onSaveFailure: (error: Error) => void;
}

/**
 * A source with a memory, and with files for times when it can't be asked, or has forgotten. As long as it
 * answers, it is believed rather than the files: a registry for trying things out may have started afresh.
 */
export function createSchemaSource(parts: SourceParts): SchemaSource {
  const cache = new SchemaCache(
    parts.part,
    (reference) => loadOrRead(parts, reference),
    () => performance.now(),
  );
  return { schemaOf: (reference) => cache.get(reference) };
}

async function loadOrRead(
  { load, saved, onSaveFailure }: SourceParts,
  reference: SchemaReference,
): Promise<AvroSchema | undefined> {
  try {
    const schema = await load(reference);
    if (schema === undefined) return saved?.read(reference);
    await saved?.write(reference, schema).catch((thrown) => onSaveFailure(toError(thrown)));
    return schema;
  } catch (thrown) {
    const kept = thrown instanceof UnavailableError ? await saved?.read(reference) : undefined;
    if (kept === undefined) throw thrown;
    return kept;
  }
}
