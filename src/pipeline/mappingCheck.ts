import { compileReader, type EventReader } from '../avro/reader.ts';
import type { SchemaRegistry } from '../avro/registry.ts';
import type { AvroSchema } from '../avro/schema.ts';
import type { LoadedConfig } from '../config/load.ts';
import { nearestName } from '../config/nearest.ts';
import type { Mapping } from '../config/schema.ts';
import type { Problem } from '../errors.ts';
import { mappingPaths } from './eventMapping.ts';

/** The schemas that events of a topic may be written with: its file's, or the latest of its subjects. */
export type SchemasOfTopic = (mapping: Mapping) => Promise<readonly AvroSchema[]>;

/**
 * Holds the fields that mappings name against the schemas of their topics, before the first record is read.
 * Says for each what is wrong, where it stands in the configuration, and what is there instead.
 */
export async function checkMappings(
  loaded: LoadedConfig,
  schemasOf: SchemasOfTopic,
): Promise<readonly Problem[]> {
  const problems: Problem[] = [];
  for (const [index, mapping] of loaded.config.mappings.entries()) {
    const readers = (await schemasOf(mapping)).map((schema) =>
      compileReader(
        schema,
        mappingPaths(mapping).map(({ path }) => path),
      ),
    );
    problems.push(...checkMapping(loaded, index, mapping, readers));
  }
  return problems;
}

/** Which topics of the mappings the cluster doesn't have. */
export function checkTopics(loaded: LoadedConfig, topics: readonly string[]): readonly Problem[] {
  return loaded.config.mappings.flatMap(({ topic }, index): Problem[] => {
    if (topics.includes(topic)) return [];
    const place = loaded.locate(['mappings', index, 'topic']);
    const nearest = nearestName(topic, topics);
    const hint = nearest === undefined ? '' : `; did you mean "${nearest}"?`;
    const message = `the topic "${topic}" does not exist on this cluster${hint}`;
    const setting = `mappings[${index}].topic`;
    return [{ severity: 'error', message, setting, file: loaded.file, ...place }];
  });
}

/** How `checkMappings` finds schemas: a mapping's own file wins, the registry has the rest. */
export function schemasOfTopic(
  registry: SchemaRegistry | undefined,
  files: ReadonlyMap<string, AvroSchema>,
): SchemasOfTopic {
  return async ({ topic, event, schema }) => {
    const fromFile = schema === undefined ? undefined : files.get(schema);
    if (fromFile) return [fromFile];
    const found = await registry?.latestSchemas(topic, [event]);
    return (found ?? []).map((subject) => subject.schema);
  };
}

function checkMapping(
  loaded: LoadedConfig,
  index: number,
  mapping: Mapping,
  readers: readonly EventReader[],
): readonly Problem[] {
  const setting = `mappings[${index}]`;
  const at = (path: readonly (string | number)[]) => ({
    file: loaded.file,
    ...loaded.locate(['mappings', index, ...path]),
  });
  if (readers.length === 0) {
    const message = `the registry has no schema for the topic "${mapping.topic}" yet, so its fields can't be checked`;
    return [{ severity: 'warning', message, setting: `${setting}.topic`, ...at(['topic']) }];
  }
  const own = readers.filter(
    ({ fullName, shortName }) => mapping.event === fullName || mapping.event === shortName,
  );
  if (own.length === 0) {
    const message = unknownEvent(mapping, readers);
    return [{ severity: 'error', message, setting: `${setting}.event`, ...at(['event']) }];
  }
  const settings = new Map(mappingPaths(mapping).map(({ path, setting: name }) => [path, name]));
  return own
    .flatMap(({ missing }) => missing)
    .map(({ path, reason }) => {
      const name = settings.get(path) ?? '';
      const place = name.startsWith('when.') ? ['when', path] : name.split('.');
      return { severity: 'error', message: reason, setting: `${setting}.${name}`, ...at(place) };
    });
}

function unknownEvent({ topic, event }: Mapping, readers: readonly EventReader[]): string {
  const names = [...new Set(readers.map(({ fullName }) => fullName))];
  const nearest = nearestName(event, names.concat(readers.map(({ shortName }) => shortName)));
  const hint = nearest === undefined ? '' : `; did you mean "${nearest}"?`;
  return `"${event}" is no event of the topic "${topic}", which has ${names.join(', ')}${hint}`;
}
