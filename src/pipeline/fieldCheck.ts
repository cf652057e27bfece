import type { AvroSchema } from '../avro/schema.ts';
import { typesAt } from '../avro/schemaTree.ts';
import type { Mapping } from '../config/schema.ts';
import { type SettingPath, valueAt } from '../config/settingPath.ts';
import { type MappedPath, mappingPaths } from './eventMapping.ts';
import { type Candidate, isOfEvent, missingFields, missingSettings } from './events.ts';
import { conditionFaults, isSum, typeDoubt, typeFault } from './typeCheck.ts';

/** What is wrong with a setting of a mapping, or to be looked at twice. */
export interface FieldFinding {
  readonly severity: 'error' | 'warning';
  readonly message: string;
  /** Within the mapping. */
  readonly setting: SettingPath;
  /** Where it is the name of the setting that is wrong, rather than its value. */
  readonly at?: 'name';
}

/** Holds the fields that a mapping names against the schema of its event. */
export function checkFields(schema: AvroSchema, candidate: Candidate): readonly FieldFinding[] {
  const { mapping } = candidate;
  const fields = mappingPaths(mapping);
  const missing = missingFields(schema, candidate, fields);
  return [
    ...missingSettings(candidate).map(({ reason }) => error(reason, [])),
    ...fields.flatMap((field) => {
      const found = missing.find((other) => other.field === field);
      if (!found) return checkTypes(schema, candidate, field);
      const setting = settingOf(mapping, field);
      return [error(found.reason, setting, isCondition(field) ? { at: 'name' } : {})];
    }),
  ];
}

function error(
  message: string,
  setting: SettingPath,
  place: Pick<FieldFinding, 'at'> = {},
): FieldFinding {
  return { severity: 'error', message, setting, ...place };
}

/** Whether a setting takes a field of the types that it has. */
function checkTypes(
  schema: AvroSchema,
  { mapping, event }: Candidate,
  field: MappedPath,
): readonly FieldFinding[] {
  const { setting, written, path } = field;
  const typesOf = isCondition(field) || isSum(setting) ? itemTypes : typesAt;
  const types = isOfEvent(event, field) ? typesOf(event.schema, written) : typesOf(schema, path);
  if (isCondition(field)) {
    return conditionFaults(mapping, written, types).map((fault) =>
      error(fault.message, fault.setting),
    );
  }
  const fault = typeFault(setting, written, types);
  if (fault !== undefined) return [error(fault, settingOf(mapping, field))];
  const doubt = typeDoubt(mapping, field, types);
  if (doubt === undefined) return [];
  return [{ severity: 'warning', message: doubt, setting: settingOf(mapping, field) }];
}

/** The types at a path; of an array, those of its items. */
function itemTypes(schema: AvroSchema, path: string) {
  return typesAt(schema, path).flatMap((type) =>
    type.kind === 'array' ? typesAt(schema, `${path}[*]`) : [type],
  );
}

function isCondition({ setting, written }: MappedPath): boolean {
  return setting === `when.${written}`;
}

/** The setting that names a field: one of a list, the name of a condition, or a value by itself. */
function settingOf(mapping: Mapping, field: MappedPath): SettingPath {
  const { setting, written } = field;
  if (isCondition(field)) return ['when', written];
  const path = setting.split('.');
  const fields = valueAt(mapping, path);
  return Array.isArray(fields) && fields.length > 1 ? [...path, fields.indexOf(written)] : path;
}
