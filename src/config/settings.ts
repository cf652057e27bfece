import { asSchema, describeSettings, isSchema, type JsonSchema } from './jsonSchema.ts';
import type { SettingPath } from './settingPath.ts';

/** What is known about the settings themselves, for messages about them. */
export interface Settings {
  /** The names that may stand under a path, given what stands there (a lead takes no `value`). */
  namesAt(path: SettingPath, root: unknown): readonly string[];
  /** The kinds of the mapping at a path that do take a name: `order` for `value`. */
  kindsWith(path: SettingPath, name: string): readonly string[];
  /** Every place where a name is a setting: `powerspace.concurrency`, `mappings[].value.unit`. */
  placesOf(name: string): readonly string[];
  /** The description of a setting. */
  descriptionOf(path: SettingPath): string | undefined;
  /** Whether a setting has few values or is a number: what else stands there is a slip, which may be shown. */
  mayShow(path: SettingPath): boolean;
  /** Whether a secret stands among the settings of a group, where a slip can turn it into a name. */
  hasSecret(path: SettingPath): boolean;
  /** A text from the environment as the setting wants it: a number or boolean where no text will do. */
  readText(path: SettingPath, text: string): string | number | boolean;
}

/** Looks at the declared settings once. */
export function createSettings(): Settings {
  const top = describeSettings();
  return {
    namesAt: (path, root) => {
      const alternatives = walk([{ schema: top, value: root }], path).flatMap(matching);
      return [...new Set(alternatives.flatMap((schema) => Object.keys(schema.properties ?? {})))];
    },
    kindsWith: (path, name) =>
      alternativesAt(top, path)
        .filter((schema) => Object.hasOwn(schema.properties ?? {}, name))
        .flatMap((schema) => discriminatorOf(schema) ?? []),
    placesOf: (name) => [...new Set(findPlaces(top, name, ''))],
    descriptionOf: (path) =>
      walk([{ schema: top, value: undefined }], path).find(({ schema }) => schema.description)
        ?.schema.description,
    mayShow: (path) => alternativesAt(top, path).some(isChoice),
    hasSecret: (path) => alternativesAt(top, path).flatMap(propertiesOf).some(isSecret),
    readText: (path, text) => readText(alternativesAt(top, path), text),
  };
}

/** A schema and the value that stands where it applies. */
interface Position {
  readonly schema: JsonSchema;
  readonly value: unknown;
}

function walk(start: readonly Position[], path: SettingPath): readonly Position[] {
  return path.reduce<readonly Position[]>(
    (positions, part) => positions.flatMap((position) => step(position, part)),
    start,
  );
}

function step(position: Position, part: string | number): Position[] {
  const value = Reflect.get(Object(position.value), part);
  return matching(position).flatMap((schema) => {
    if (typeof part === 'number')
      return isSchema(schema.items) ? [{ schema: schema.items, value }] : [];
    const named = schema.properties?.[part] ?? schema.additionalProperties;
    return isSchema(named) ? [{ schema: named, value }] : [];
  });
}

/** The alternatives of a schema, without those of another kind than the value says it is. */
function matching({ schema, value }: Position): JsonSchema[] {
  const alternatives = flatten(schema);
  const record = Reflect.get(Object(value), 'record');
  const fitting = alternatives.filter((option) => discriminatorOf(option) === record);
  return record !== undefined && fitting.length > 0 ? fitting : alternatives;
}

function alternativesAt(top: JsonSchema, path: SettingPath): JsonSchema[] {
  return walk([{ schema: top, value: undefined }], path).flatMap(({ schema }) => flatten(schema));
}

function flatten(schema: JsonSchema): JsonSchema[] {
  const options = schema.anyOf ?? schema.oneOf;
  return options ? options.flatMap((option) => flatten(asSchema(option))) : [schema];
}

function discriminatorOf(schema: JsonSchema): string | undefined {
  const kind = asSchema(schema.properties?.['record']).const;
  return typeof kind === 'string' ? kind : undefined;
}

function findPlaces(schema: JsonSchema, name: string, prefix: string): string[] {
  return flatten(schema).flatMap((option) => {
    const inItems = isSchema(option.items) ? findPlaces(option.items, name, `${prefix}[]`) : [];
    const inProperties = Object.entries(option.properties ?? {}).flatMap(([property, value]) => {
      const place = prefix + (prefix === '' ? property : `.${property}`);
      return [...(property === name ? [place] : []), ...findPlaces(asSchema(value), name, place)];
    });
    return [...inProperties, ...inItems];
  });
}

function isChoice(schema: JsonSchema): boolean {
  const types = [schema.type].flat();
  return (
    schema.enum !== undefined ||
    schema.const !== undefined ||
    types.some((type) => type === 'number' || type === 'integer' || type === 'boolean')
  );
}

function isSecret(schema: JsonSchema): boolean {
  return schema['secret'] === true;
}

function propertiesOf(schema: JsonSchema): JsonSchema[] {
  return Object.values(schema.properties ?? {}).flatMap((property) => flatten(asSchema(property)));
}

function readText(alternatives: readonly JsonSchema[], text: string): string | number | boolean {
  const types = alternatives.flatMap((schema) => schema.type ?? []);
  const trimmed = text.trim();
  if (types.length === 0 || types.includes('string')) return text;
  if (types.includes('boolean') && /^(true|false)$/i.test(trimmed))
    return trimmed.toLowerCase() === 'true';
  const isNumeric = types.includes('number') || types.includes('integer');
  return isNumeric && /^[-+]?\d+(\.\d+)?$/.test(trimmed) ? Number(trimmed) : text;
}
