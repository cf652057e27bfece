import { UnreadableSchemaError } from '../avro/errors.ts';
import { findMissingPath } from '../avro/paths.ts';
import { type AvroSchema, readableType } from '../avro/schema.ts';
import type { LoadedConfig } from '../config/load.ts';
import { placeInMapping } from '../config/mappingPlace.ts';
import { nearestName } from '../config/nearest.ts';
import type { Mapping } from '../config/schema.ts';
import { byPlace, type Problem } from '../errors.ts';
import { deriveMapping } from './deriveMapping.ts';
import { mappingPaths } from './eventMapping.ts';
import type { EventSchemasOf } from './eventSchemas.ts';
import { eventsIn, isEvent, shortName } from './events.ts';
import { checkFields, type FieldFinding } from './fieldCheck.ts';

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
  schemasOf: EventSchemasOf,
): Promise<MappingCheck> {
  const checks: MappingCheck[] = [];
  for (const [index, mapping] of loaded.config.mappings.entries()) {
    for (const { origin, read } of schemasOf(mapping)) {
      try {
        const schemas = await read();
        checks.push(checkMapping({ loaded, index, mapping, origin }, schemas));
      } catch (thrown) {
        if (!(thrown instanceof UnreadableSchemaError)) throw thrown;
        const message = `the events of ${origin} can't be read: ${thrown.message}`;
        checks.push(
          failed({ severity: 'error', message, ...placeInMapping(loaded, index, ['topic']) }),
        );
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

/** A mapping, and where the schemas of its events come from. */
interface Checked {
  readonly loaded: LoadedConfig;
  readonly index: number;
  readonly mapping: Mapping;
  readonly origin: string;
}

function checkMapping(checked: Checked, schemas: readonly AvroSchema[]): MappingCheck {
  const { loaded, index, mapping, origin } = checked;
  if (schemas.length === 0) {
    const why =
      mapping.format === 'glue'
        ? `the schemas of ${origin} are fetched from AWS Glue by the first records`
        : `the registry has no schema for ${origin} yet`;
    const message = `${why}, so its fields can't be checked`;
    return failed({ severity: 'warning', message, ...placeInMapping(loaded, index, ['topic']) });
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
      problems: checkFields(schema, { mapping: whole, event }).map((finding) =>
        toProblem(checked, finding),
      ),
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

function toProblem(
  { loaded, index }: Checked,
  { severity, message, setting, at }: FieldFinding,
): Problem {
  return { severity, message, ...placeInMapping(loaded, index, setting, at) };
}

function unknownEvent({ loaded, index, mapping, origin }: Checked, schemas: readonly AvroSchema[]) {
  const { root, event } = mapping;
  const names = [...new Set(schemas.flatMap((schema) => eventsIn(schema, root)))].map(
    ({ fullName }) => fullName,
  );
  const [first] = schemas;
  if (names.length === 0 && root !== undefined && first !== undefined) {
    const message = findMissingPath(readableType(first), root)?.reason ?? `"${root}" is no record`;
    return { severity: 'error' as const, message, ...placeInMapping(loaded, index, ['root']) };
  }
  const nearest = nearestName(event, names.concat(names.map(shortName)));
  const hint = nearest === undefined ? '' : `; did you mean "${nearest}"?`;
  const where = root === undefined ? '' : ` at "${root}"`;
  const message = `"${event}" is no event of ${origin}, which has ${[...new Set(names)].join(', ') || 'no record'}${where}${hint}`;
  return { severity: 'error' as const, message, ...placeInMapping(loaded, index, ['event']) };
}
