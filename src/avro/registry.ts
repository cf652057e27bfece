import { type ApicurioId, ApicurioSchemas, type ApicurioVersion } from './apicurioSchemas.ts';
import { readAnswer, registeredAnswer, subjectsAnswer } from './registryAnswer.ts';
import { RegistryClient, type RegistryOptions } from './registryClient.ts';
import { RegistrySchemas, type SubjectSchema } from './registrySchemas.ts';
import { SavedSchemas } from './savedSchemas.ts';
import type { AvroSchema } from './schema.ts';
import type { SchemaReference } from './schemaReference.ts';
import { createSchemaSource, type SchemaSource } from './schemaSource.ts';

export type { RegistryOptions };

/**
 * A schema registry with Confluent's API, and with Apicurio's own for Apicurio's ids. Nothing is asked twice by
 * itself: whoever calls may call again after an UnavailableError (no whole answer in time, 408, 429, 5xx, or
 * one that no registry gives). Everything throws ConfigurationError where a setting must change, as after 401
 * and 403.
 */
export interface SchemaRegistry extends SchemaSource {
  /**
   * The latest schema of each subject that a topic's values may have: `<topic>-value`, `<topic>-<record name>`,
   * or the full name of one of the events; if there is none, a full name that ends in one of the events, which
   * may be short. Throws UnreadableSchemaError as above.
   */
  latestSchemas(topic: string, events: readonly string[]): Promise<readonly SubjectSchema[]>;
  /** Registers a schema and returns its id; the same schema again has the same id. */
  register(subject: string, schema: AvroSchema): Promise<number>;
  /** One request that shows that the registry is there and lets us in. */
  ping(): Promise<void>;
  /** Whether schemas were kept in files, so that it can be done without for a time. */
  hasSavedSchemas(): Promise<boolean>;
  /** Ends the connections; what is under way fails. */
  close(): Promise<void>;
}

/**
 * Opens no connection before the first request. Schemas are kept in the folder `cache`, if there is one;
 * `onSaveFailure` is told of those that could not be. Throws ConfigurationError for TLS files that can't be read.
 */
export function createRegistry(
  options: RegistryOptions,
  onSaveFailure: (error: Error) => void = () => {},
): SchemaRegistry {
  const addresses = [options.url].flat();
  const client = new RegistryClient(options);
  const confluent = client.api(confluentPath);
  const schemas = new RegistrySchemas(confluent);
  const apicurio = new ApicurioSchemas(
    (version) => client.api((path) => apicurioPath(path, version)),
    versionIn(addresses[0] ?? ''),
  );
  // Whichever of the addresses comes first: they are the same registry.
  const owner = addresses.toSorted().join(' ');
  const saved = options.cache === undefined ? undefined : new SavedSchemas(options.cache, owner);
  const source = createSchemaSource({
    part: `schema registry at ${addresses.map(shownAddress).join(', ')}`,
    load: (reference) => load(reference, schemas, apicurio),
    saved,
    onSaveFailure,
  });
  return {
    ...source,
    latestSchemas: (topic, events) => schemas.latest(topic, events),
    async register(subject, schema) {
      if (schema.references.length > 0) {
        throw new TypeError(`cannot register a schema with references for ${subject}`);
      }
      const path = `/subjects/${encodeURIComponent(subject)}/versions`;
      const answer = await confluent.ask('POST', path, { schema: JSON.stringify(schema.json) });
      return readAnswer(answer, registeredAnswer).id;
    },
    async ping() {
      readAnswer(await confluent.ask('GET', '/subjects'), subjectsAnswer);
    },
    hasSavedSchemas: async () => (await saved?.any()) ?? false,
    close: () => client.close(),
  };
}

async function load(
  reference: SchemaReference,
  schemas: RegistrySchemas,
  apicurio: ApicurioSchemas,
): Promise<AvroSchema | undefined> {
  switch (reference.kind) {
    case 'id':
      return schemas.byId(reference.value);
    case 'guid':
      return schemas.byGuid(reference.value);
    case 'globalId':
    case 'contentId':
      return apicurio.byId(reference as ApicurioId);
    default:
      throw new TypeError(`a registry knows no ${reference.kind}`);
  }
}

/** Apicurio's APIs lie beside each other: `/apis/ccompat/v7`, `/apis/registry/v2`, `/apis/registry/v3`. */
const apicurioApi = /\/apis\/(?:ccompat|registry)\/v(\d+)$/;

function confluentPath(path: string): string {
  return path.replace(/\/apis\/registry\/v\d+$/, '/apis/ccompat/v7');
}

function apicurioPath(path: string, version: ApicurioVersion): string {
  return `${path.replace(apicurioApi, '')}/apis/registry/v${version}`;
}

/** The version that an address names, if it is one of Apicurio's own API. */
function versionIn(url: string): ApicurioVersion | undefined {
  const version = Number(/\/apis\/registry\/v(\d+)\/*$/.exec(url)?.[1]);
  return version === 2 || version === 3 ? version : undefined;
}

/** Without the user and password that a URL may hold. */
function shownAddress(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname.replace(/\/+$/, '')}`;
}
