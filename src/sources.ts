import { createGlueSchemas } from './avro/glueSchemas.ts';
import { createRegistry } from './avro/registry.ts';
import type { SchemaSource } from './avro/schemaSource.ts';
import { isPostgresUrl } from './config/postgresUrl.ts';
import type { Config } from './config/schema.ts';
import type { Logger } from './telemetry/log.ts';

/** The folder in which schemas are kept for times without a registry: by default, beside the file of the store. */
export function schemaFolder({ registry, store }: Config): string | undefined {
  const besideStore = isPostgresUrl(store) ? undefined : `${store.slice('sqlite:'.length)}.schemas`;
  return registry?.cache ?? besideStore;
}

/**
 * Opens what the formats of the mappings get their schemas from, and notes in `opened` how to close it. Throws
 * ConfigurationError when the set-up can't work. Without a `cache` no schema is kept.
 */
export async function openSources(
  config: Config,
  { cache, log }: { readonly cache: string | undefined; readonly log: Logger },
  opened: AsyncDisposableStack,
) {
  const onSaveFailure = (err: Error) =>
    log.warn({ err }, 'a schema could not be kept for times without a registry');
  const registry = config.registry && createRegistry({ ...config.registry, cache }, onSaveFailure);
  opened.defer(async () => registry?.close());
  const glue = needsGlue(config) ? await createGlueSchemas({ cache, onSaveFailure }) : undefined;
  opened.defer(() => glue?.close());
  const source: SchemaSource = {
    async schemaOf(reference) {
      const asked = reference.kind === 'versionId' ? glue : registry;
      if (asked === undefined) throw new Error(`nothing is open that knows a ${reference.kind}`);
      return asked.schemaOf(reference);
    },
  };
  return { registry, source };
}

function needsGlue({ mappings }: Config): boolean {
  return mappings.some(({ format, schema }) => format === 'glue' && schema === undefined);
}
