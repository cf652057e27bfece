import { UnreadableSchemaError } from '../avro/errors.ts';
import { compileReader, type EventReader } from '../avro/reader.ts';
import type { SchemaRegistry } from '../avro/registry.ts';
import type { AvroSchema } from '../avro/schema.ts';
import type { LoadedConfig } from '../config/load.ts';
import { nearestName } from '../config/nearest.ts';
import type { Mapping } from '../config/schema.ts';
import { formatSetting, type SettingPath, valueAt } from '../config/settingPath.ts';
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
    try {
      const schemas = await schemasOf(mapping);
      problems.push(...checkMapping(loaded, index, mapping, schemas));
    } catch (thrown) {
      if (!(thrown instanceof UnreadableSchemaError)) throw thrown;
      const message = `the events of the topic "${mapping.topic}" can't be read: ${thrown.message}`;
      problems.push({ severity: 'error', message, ...placeOf(loaded, index, ['topic']) });
    }
  }
  return problems;
}

/** Which topics of the mappings the cluster doesn't have. */
export function checkTopics(loaded: LoadedConfig, topics: readonly string[]): readonly Problem[] {
  return loaded.config.mappings.flatMap(({ topic }, index): Problem[] => {
    if (topics.includes(topic)) return [];
    const nearest = nearestName(topic, topics);
    const hint = nearest === undefined ? '' : `; did you mean "${nearest}"?`;
    const message = `the topic "${topic}" does not exist on this cluster${hint}`;
    return [{ severity: 'error', message, ...placeOf(loaded, index, ['topic']) }];
  });
}

/** How `checkMappings` finds schemas: a mapping's own file wins, the registry has the rest. */
export function schemasOfTopic(
  registry: SchemaRegistry | undefined,
  files: ReadonlyMap<string, AvroSchema>,
): SchemasOfTopic {
  return async ({ topic, event, format, schema }) => {
    const fromFile = schema === undefined ? undefined : files.get(schema);
    if (fromFile) return [fromFile];
    // AWS Glue tells a schema only by the id in a record.
    if (format === 'glue') return [];
    const found = await registry?.latestSchemas(topic, [event]);
    return (found ?? []).map((subject) => subject.schema);
  };
}

function checkMapping(
  loaded: LoadedConfig,
  index: number,
  mapping: Mapping,
  schemas: readonly AvroSchema[],
): readonly Problem[] {
  const named = mappingPaths(mapping);
  const paths = named.map(({ path }) => path);
  const readers = schemas.map((schema) => compileReader(schema, paths));
  if (readers.length === 0) {
    const why =
      mapping.format === 'glue'
        ? `the schemas of the topic "${mapping.topic}" are fetched from AWS Glue by the first records`
        : `the registry has no schema for the topic "${mapping.topic}" yet`;
    const message = `${why}, so its fields can't be checked`;
    return [{ severity: 'warning', message, ...placeOf(loaded, index, ['topic']) }];
  }
  const own = readers.filter(
    ({ fullName, shortName }) => mapping.event === fullName || mapping.event === shortName,
  );
  if (own.length === 0) {
    const message = unknownEvent(mapping, readers);
    return [{ severity: 'error', message, ...placeOf(loaded, index, ['event']) }];
  }
  const missing = own.flatMap((reader) => reader.missing);
  return named.flatMap(({ path, setting }): Problem[] => {
    const message = missing.find((found) => found.path === path)?.reason;
    if (message === undefined) return [];
    return [
      { severity: 'error', message, ...placeOf(loaded, index, settingOf(mapping, setting, path)) },
    ];
  });
}

/** The setting that names a field: one of a list, the name of a condition, or a value by itself. */
function settingOf(mapping: Mapping, setting: string, field: string): SettingPath {
  if (setting.startsWith('when.')) return ['when', field];
  const path = setting.split('.');
  const fields = valueAt(mapping, path);
  return Array.isArray(fields) && fields.length > 1 ? [...path, fields.indexOf(field)] : path;
}

/** Where a setting of a mapping stands; the fields of `when` stand there as names. */
function placeOf(loaded: LoadedConfig, index: number, path: SettingPath) {
  const whole = ['mappings', index, ...path];
  const place = path[0] === 'when' ? loaded.locateName(whole) : loaded.locate(whole);
  return { file: loaded.file, ...place, setting: formatSetting(whole) };
}

function unknownEvent({ topic, event }: Mapping, readers: readonly EventReader[]): string {
  const names = [...new Set(readers.map(({ fullName }) => fullName))];
  const nearest = nearestName(event, names.concat(readers.map(({ shortName }) => shortName)));
  const hint = nearest === undefined ? '' : `; did you mean "${nearest}"?`;
  return `"${event}" is no event of the topic "${topic}", which has ${names.join(', ')}${hint}`;
}
