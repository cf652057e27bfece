import { UnreadableSchemaError } from '../avro/errors.ts';
import { findMissingPath } from '../avro/paths.ts';
import type { SchemaRegistry } from '../avro/registry.ts';
import { type AvroSchema, readableType } from '../avro/schema.ts';
import { typesAt } from '../avro/schemaTree.ts';
import type { LoadedConfig } from '../config/load.ts';
import { nearestName } from '../config/nearest.ts';
import type { Mapping } from '../config/schema.ts';
import { formatSetting, type SettingPath, valueAt } from '../config/settingPath.ts';
import { topicsOf } from '../config/topics.ts';
import { byPlace, type Problem } from '../errors.ts';
import { deriveMapping } from './deriveMapping.ts';
import { type MappedPath, mappingPaths } from './eventMapping.ts';
import {
  type Candidate,
  eventsIn,
  isEvent,
  isOfEvent,
  missingFields,
  missingSettings,
  shortName,
} from './events.ts';
import { conditionFaults, isSum, typeDoubt, typeFault } from './typeCheck.ts';

/** Where the events of a mapping are described. */
export interface SchemaSource {
  /** `the topic "orders"`, in messages. */
  readonly name: string;
  /** What they may be written with. Throws UnreadableSchemaError. */
  readonly read: () => Promise<readonly AvroSchema[]>;
}

/** How the places are found where a mapping's events are described. */
export type SourcesOf = (mapping: Mapping) => readonly SchemaSource[];

/** What holding mappings against schemas has shown. */
export interface MappingCheck {
  readonly problems: readonly Problem[];
  /** The fields that stand for settings which a mapping doesn't have, in words. */
  readonly notes: readonly string[];
  /** How many fields were looked up. */
  readonly fields: number;
}

/**
 * Holds the fields that mappings name against the schemas of their events, before the first record is read. Says
 * for each what is wrong, where it stands in the configuration, and what is there instead.
 */
export async function checkMappings(
  loaded: LoadedConfig,
  sourcesOf: SourcesOf,
): Promise<MappingCheck> {
  const checks: MappingCheck[] = [];
  for (const [index, mapping] of loaded.config.mappings.entries()) {
    for (const source of sourcesOf(mapping)) {
      try {
        const schemas = await source.read();
        checks.push(checkMapping({ loaded, index, mapping, source: source.name }, schemas));
      } catch (thrown) {
        if (!(thrown instanceof UnreadableSchemaError)) throw thrown;
        const message = `the events of ${source.name} can't be read: ${thrown.message}`;
        checks.push(failed({ severity: 'error', message, ...placeOf(loaded, index, ['topic']) }));
      }
    }
  }
  const found = checks.flatMap((check) => check.problems);
  // Topics of one pattern mostly have the same events.
  const problems = [...new Map(found.map((each) => [JSON.stringify(each), each])).values()];
  return {
    problems: problems.toSorted(byPlace),
    notes: [...new Set(checks.flatMap(({ notes }) => notes))],
    fields: checks.reduce((sum, { fields }) => sum + fields, 0),
  };
}

function failed(problem: Problem): MappingCheck {
  return { problems: [problem], notes: [], fields: 0 };
}

/** The topics of a mapping as sources: its own schema file wins, the registry has the latest of the rest. */
export function topicSources(
  registry: SchemaRegistry | undefined,
  files: ReadonlyMap<string, AvroSchema>,
  clusterTopics: readonly string[],
): SourcesOf {
  return ({ topic: setting, event, format, schema }) => {
    const fromFile = schema === undefined ? undefined : files.get(schema);
    return topicsOf(setting, clusterTopics).map((topic) => ({
      name: `the topic "${topic}"`,
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

/** A mapping, and where its events are described. */
interface Checked {
  readonly loaded: LoadedConfig;
  readonly index: number;
  readonly mapping: Mapping;
  readonly source: string;
}

function checkMapping(checked: Checked, schemas: readonly AvroSchema[]): MappingCheck {
  const { loaded, index, mapping, source } = checked;
  if (schemas.length === 0) {
    const why =
      mapping.format === 'glue'
        ? `the schemas of ${source} are fetched from AWS Glue by the first records`
        : `the registry has no schema for ${source} yet`;
    const message = `${why}, so its fields can't be checked`;
    return failed({ severity: 'warning', message, ...placeOf(loaded, index, ['topic']) });
  }
  const own = schemas.flatMap((schema) =>
    eventsIn(schema, mapping.root)
      .filter((event) => isEvent(mapping, event))
      .map((event) => ({ schema, event })),
  );
  if (own.length === 0) return failed(unknownEvent(checked, schemas));
  const checks = own.map(({ schema, event }) => {
    const { mapping: whole, derived } = deriveMapping(mapping, event.schema);
    const words = derived.map(({ setting, fields }) => `${setting}: ${listed(fields)}`);
    return {
      problems: checkFields(checked, schema, { mapping: whole, event }),
      notes:
        words.length === 0
          ? []
          : [`mappings[${index}] (${shortName(event.fullName)}) takes ${words.join(', ')}`],
      fields: mappingPaths(whole).length,
    };
  });
  return {
    problems: checks.flatMap(({ problems }) => problems),
    notes: checks.flatMap(({ notes }) => notes),
    fields: Math.max(...checks.map(({ fields }) => fields)),
  };
}

function listed(fields: readonly string[]): string {
  return fields.length === 1 ? fields.join('') : `[${fields.join(', ')}]`;
}

function checkFields(
  { loaded, index }: Checked,
  schema: AvroSchema,
  candidate: Candidate,
): readonly Problem[] {
  const { mapping, event } = candidate;
  const fields = mappingPaths(mapping);
  const missing = missingFields(schema, candidate, fields);
  const problem = (message: string, path: SettingPath, at?: 'name'): Problem => ({
    ...{ severity: 'error', message },
    ...placeOf(loaded, index, path, at),
  });
  return [
    ...missingSettings(candidate).map(({ reason }) => problem(reason, [])),
    ...fields.flatMap((field): readonly Problem[] => {
      const found = missing.find((other) => other.field === field);
      const isCondition = field.setting === `when.${field.written}`;
      if (found) {
        return [problem(found.reason, settingOf(mapping, field), isCondition ? 'name' : undefined)];
      }
      const isOwn = isOfEvent(event, field);
      const typesOf = isCondition || isSum(field.setting) ? itemTypes : typesAt;
      const types = typesOf(isOwn ? event.schema : schema, isOwn ? field.written : field.path);
      if (isCondition) {
        return conditionFaults(mapping, field.written, types).map((fault) =>
          problem(fault.message, fault.setting),
        );
      }
      const place = settingOf(mapping, field);
      const fault = typeFault(field.setting, field.written, types);
      if (fault !== undefined) return [problem(fault, place)];
      const doubt = typeDoubt(mapping, field, types);
      return doubt === undefined ? [] : [{ ...problem(doubt, place), severity: 'warning' }];
    }),
  ];
}

/** The types at a path; of an array, those of its items. */
function itemTypes(schema: AvroSchema, path: string) {
  return typesAt(schema, path).flatMap((type) =>
    type.kind === 'array' ? typesAt(schema, `${path}[*]`) : [type],
  );
}

/** The setting that names a field: one of a list, the name of a condition, or a value by itself. */
function settingOf(mapping: Mapping, { setting, written }: MappedPath): SettingPath {
  if (setting === `when.${written}`) return ['when', written];
  const path = setting.split('.');
  const fields = valueAt(mapping, path);
  return Array.isArray(fields) && fields.length > 1 ? [...path, fields.indexOf(written)] : path;
}

/** Where the value of a setting of a mapping stands, or its name. */
export function placeOf(
  loaded: LoadedConfig,
  index: number,
  path: SettingPath,
  at: 'value' | 'name' = 'value',
) {
  const whole = ['mappings', index, ...path];
  const place = at === 'name' ? loaded.locateName(whole) : loaded.locate(whole);
  return { file: loaded.file, ...place, setting: formatSetting(whole) };
}

function unknownEvent({ loaded, index, mapping, source }: Checked, schemas: readonly AvroSchema[]) {
  const { root, event } = mapping;
  const names = [...new Set(schemas.flatMap((schema) => eventsIn(schema, root)))].map(
    ({ fullName }) => fullName,
  );
  const [first] = schemas;
  if (names.length === 0 && root !== undefined && first !== undefined) {
    const message = findMissingPath(readableType(first), root)?.reason ?? `"${root}" is no record`;
    return { severity: 'error' as const, message, ...placeOf(loaded, index, ['root']) };
  }
  const nearest = nearestName(event, names.concat(names.map(shortName)));
  const hint = nearest === undefined ? '' : `; did you mean "${nearest}"?`;
  const where = root === undefined ? '' : ` at "${root}"`;
  const message = `"${event}" is no event of ${source}, which has ${[...new Set(names)].join(', ') || 'no record'}${where}${hint}`;
  return { severity: 'error' as const, message, ...placeOf(loaded, index, ['event']) };
}
