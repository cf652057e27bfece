import { parseFieldPath } from '../avro/fieldPath.ts';
import type { SchemaType } from '../avro/schemaTree.ts';
import { type Constant, isDecimal, readCondition, readDate } from '../config/conditions.ts';
import { nearestName } from '../config/nearest.ts';
import type { Mapping } from '../config/schema.ts';
import type { SettingPath } from '../config/settingPath.ts';
import type { MappedPath } from './eventMapping.ts';

/** What is wrong with a setting, given the type of its field. */
interface TypeProblem {
  /** Within the mapping. */
  readonly setting: SettingPath;
  readonly message: string;
}

/** What a field can be read as, whatever Avro calls it. */
type Reading = 'text' | 'bytes' | 'enum' | 'number' | 'date' | 'boolean' | 'null' | 'other';

function readingOf({ kind, logicalType = '' }: SchemaType): Reading {
  const isTime = kind === 'long' && /^(local-)?timestamp-/.test(logicalType);
  if (isTime || (kind === 'int' && logicalType === 'date')) return 'date';
  switch (kind) {
    case 'int':
    case 'long':
    case 'float':
    case 'double':
      return 'number';
    case 'bytes':
    case 'fixed':
      if (logicalType === 'uuid') return 'text';
      return logicalType.endsWith('decimal') ? 'number' : 'bytes';
    case 'string':
      return 'text';
    case 'enum':
    case 'boolean':
    case 'null':
      return kind;
    case 'record':
      return logicalType === 'variable-scale-decimal' ? 'number' : 'other';
    default:
      return 'other';
  }
}

const wanted: Readonly<Record<string, readonly [readings: readonly Reading[], what: string]>> = {
  click: [['text', 'bytes', 'enum', 'number'], 'a text'],
  clickUrl: [['text', 'bytes'], 'a text'],
  user: [['text', 'bytes', 'enum', 'number'], 'a text or a number'],
  id: [['text', 'bytes', 'enum', 'number'], 'a text or a number'],
  at: [['date', 'number', 'text', 'bytes'], 'a timestamp, milliseconds or an ISO 8601 time'],
  'value.amount': [['number', 'text'], 'an amount'],
  'value.minus': [['number', 'text'], 'an amount'],
  'value.currency': [['text', 'bytes', 'enum'], 'an ISO 4217 code'],
};

/** Whether a setting takes several values. */
export function isSum(setting: string): boolean {
  return setting === 'value.amount' || setting === 'value.minus';
}

/** Why a field of these types can't be what a setting takes it for; undefined where it can. */
export function typeFault(
  setting: string,
  field: string,
  types: readonly SchemaType[],
): string | undefined {
  const [readings, what] = wanted[setting] ?? [];
  if (!isSum(setting) && parseFieldPath(field).some(({ kind }) => kind === 'items')) {
    const first = field.replaceAll('[*]', '[0]');
    return `"${field}" is a list, and ${what} is needed here; "${first}" is the first`;
  }
  if (readings === undefined || types.some((type) => readings.includes(readingOf(type)))) {
    return undefined;
  }
  return `"${field}" is ${nameOf(types)}, and ${what} is needed here`;
}

/**
 * What to look at twice: a conversion of which only the day is known, since clicks of that day are later than it; and a
 * number that calls itself something else, which is read as it stands.
 */
export function typeDoubt(
  { record }: Mapping,
  { setting, written: field }: Pick<MappedPath, 'setting' | 'written'>,
  types: readonly SchemaType[],
): string | undefined {
  if (setting === 'at' && record !== 'click' && types.some(isDay)) {
    return `"${field}" is a date, so the ${record} counts as of midnight (UTC), and no click of that day counts for it; name a field that has the time of day`;
  }
  const type = types.find(({ ignoredType }) => ignoredType !== undefined);
  if (type === undefined) return undefined;
  return `"${field}" calls itself ${type.ignoredType}, which goes with no ${type.kind} like this one: it is read as the plain ${type.kind}`;
}

function isDay({ kind, logicalType }: SchemaType): boolean {
  return kind === 'int' && logicalType === 'date';
}

/** What a condition asks of a field that its types can't be. */
export function conditionFaults(
  mapping: Mapping,
  field: string,
  types: readonly SchemaType[],
): readonly TypeProblem[] {
  const setting = mapping.when?.[field] ?? null;
  const { oneOf = [], not, exists: _, ...bounds } = readCondition(setting);
  const at = (...rest: SettingPath): SettingPath => ['when', field, ...rest];
  const placeIn = (list: unknown, index: number) => (Array.isArray(list) ? [index] : []);
  const constants = [
    ...oneOf.map((constant, index) => ({ constant, place: at(...placeIn(setting, index)) })),
    ...(not === undefined ? [] : [not].flat()).map((constant, index) => ({
      ...{ constant, place: at('not', ...placeIn(not, index)) },
    })),
  ];
  return [
    ...constants.flatMap(({ constant, place }) => {
      const message = constantFault(field, types, constant);
      return message === undefined ? [] : [{ setting: place, message }];
    }),
    ...Object.entries(bounds).flatMap(([name, bound]) => {
      const message = bound === undefined ? undefined : boundFault(field, types, bound);
      return message === undefined ? [] : [{ setting: at(name), message }];
    }),
  ];
}

function constantFault(
  field: string,
  types: readonly SchemaType[],
  constant: Constant,
): string | undefined {
  if (types.some((type) => canBe(type, constant))) return undefined;
  const shown = JSON.stringify(constant);
  const enums = types.filter(({ kind }) => kind === 'enum');
  if (enums.length === 0 || typeof constant !== 'string') {
    return `"${field}" is ${nameOf(types)}, so it is never ${shown}${quotesHint(types, constant)}`;
  }
  const symbols = enums.flatMap((type) => type.symbols);
  const near = nearestName(constant, symbols);
  const hint = near === undefined ? '' : `; did you mean ${near}?`;
  return `${shown} is no symbol of ${enums[0]?.name}, which has ${symbols.join(', ')}${hint}`;
}

function quotesHint(types: readonly SchemaType[], constant: Constant): string {
  const isText = types.some((type) => ['text', 'enum'].includes(readingOf(type)));
  return isText && constant !== null ? '; put it in quotes' : '';
}

function canBe(type: SchemaType, constant: Constant): boolean {
  const isText = typeof constant === 'string';
  switch (readingOf(type)) {
    case 'text':
    case 'bytes':
      return isText;
    case 'enum':
      return isText && type.symbols.includes(constant);
    case 'number':
      return typeof constant === 'number' || (isText && isDecimal(constant));
    case 'date':
      return isText && readDate(constant) !== undefined;
    case 'boolean':
      return typeof constant === 'boolean';
    case 'null':
      return constant === null;
    case 'other':
      return false;
  }
}

function boundFault(
  field: string,
  types: readonly SchemaType[],
  bound: string | number,
): string | undefined {
  const isDate = typeof bound === 'string' && !isDecimal(bound);
  const readings = types.map(readingOf);
  if (readings.includes('text') || readings.includes(isDate ? 'date' : 'number')) return undefined;
  const is = `"${field}" is ${nameOf(types)}`;
  if (readings.includes('number'))
    return `${is}: compare it with a number${millisecondsHint(types, bound)}`;
  if (readings.includes('date')) return `${is}: compare it with a date such as 2026-01-31`;
  return `${is}, and only a number or a date can be compared`;
}

/** Times are often written as a plain long. */
function millisecondsHint(types: readonly SchemaType[], bound: string | number): string {
  const time = typeof bound === 'string' ? readDate(bound) : undefined;
  const isLong = types.some(
    ({ kind, logicalType }) => kind === 'long' && logicalType === undefined,
  );
  return isLong && time !== undefined ? `; ${bound} is ${time} in milliseconds` : '';
}

/** `an enum`, `a decimal or a string`; null is left out. */
function nameOf(types: readonly SchemaType[]): string {
  const named = types
    .filter(({ kind }) => kind !== 'null')
    .map(({ kind, logicalType }) => logicalType ?? kind)
    .map((name) => `${/^[aeiou]/.test(name) ? 'an' : 'a'} ${name}`);
  return [...new Set(named)].join(' or ') || 'always null';
}
