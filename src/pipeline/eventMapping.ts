import Big from 'big.js';
import type { MissingPath } from '../avro/reader.ts';
import { readCondition } from '../config/conditions.ts';
import type { Mapping, RecordKind, ValueMapping } from '../config/schema.ts';
import { type Condition, compileCondition } from './conditions.ts';
import type { Field } from './fields.ts';

/** A mapping, with the places of its fields in what the event's reader reads. */
export interface EventMapping {
  readonly kind: RecordKind;
  readonly click: Field | undefined;
  readonly clickUrl: Field | undefined;
  readonly user: readonly Field[];
  readonly id: Field | undefined;
  readonly at: Field | undefined;
  /** Of the fields that the schema has. */
  readonly conditions: readonly Condition[];
  readonly value: ValueFields | undefined;
  /** Why the writer's schema can't serve this mapping, for each field that it lacks: its records can't be mapped. */
  readonly missing: readonly MissingSetting[];
}

/** A setting whose field a schema doesn't have. */
interface MissingSetting extends Pick<MissingPath, 'reason'> {
  /** As in {@link MappedPath}. */
  readonly setting: string;
}

/** How the value of an order is read. */
export interface ValueFields {
  readonly amount: Field;
  readonly unit: ValueMapping['unit'];
  readonly minus: readonly Field[];
  readonly currency: Field | { readonly constant: string } | undefined;
  readonly accept: ReadonlySet<string> | undefined;
  readonly convert: Conversion | undefined;
}

/** What amounts in other currencies are worth in one. */
interface Conversion {
  readonly to: string;
  /** By currency, what one unit of it is in `to`; that of `to` itself is 1. */
  readonly rates: ReadonlyMap<string, Big>;
}

/** A field that a mapping names. */
export interface MappedPath {
  /** As the configuration has it: it counts from the mapping's root. */
  readonly written: string;
  /** From the top of the event. */
  readonly path: string;
  /** The setting that names it: `value.amount`. */
  readonly setting: string;
  /** Whether events without such a field can be mapped: nothing is asked but whether it exists. */
  readonly isOptional: boolean;
}

/** Every field that a mapping names. */
export function mappingPaths(mapping: Mapping): readonly MappedPath[] {
  const value = mapping.record === 'order' ? mapping.value : undefined;
  const currency = typeof value?.currency === 'string' ? value.currency : undefined;
  const named: readonly (readonly [setting: string, written: string | undefined])[] = [
    ['click', mapping.click],
    ['clickUrl', mapping.clickUrl],
    ...(mapping.user ?? []).map((path) => ['user', path] as const),
    ['id', mapping.record === 'click' ? undefined : mapping.id],
    ['at', mapping.at],
    ...Object.keys(mapping.when ?? {}).map((path) => [`when.${path}`, path] as const),
    ['value.amount', value?.amount],
    ...(value?.minus ?? []).map((path) => ['value.minus', path] as const),
    ['value.currency', currency],
  ];
  return named.flatMap(([setting, written]) => {
    if (written === undefined) return [];
    const isOptional = setting === `when.${written}` && asksOnlyWhetherItExists(mapping, written);
    return [{ written, setting, path: fullPath(mapping, written), isOptional }];
  });
}

function asksOnlyWhetherItExists({ when = {} }: Mapping, written: string): boolean {
  return Object.keys(readCondition(when[written] ?? null)).every((name) => name === 'exists');
}

/** A field that a mapping names, from the top of the event. */
function fullPath({ root }: Mapping, written: string): string {
  if (written.startsWith('/')) return written.slice(1);
  if (root === undefined) return written;
  return written.startsWith('[') ? `${root}${written}` : `${root}.${written}`;
}

/** Places a mapping's fields in `paths`, the order in which the reader gives their values. */
export function placeMapping(
  mapping: Mapping,
  paths: readonly string[],
  missing: EventMapping['missing'],
): EventMapping {
  const place = (written: string): Field => ({
    path: written,
    index: paths.indexOf(fullPath(mapping, written)),
  });
  const placeOptional = (path: string | undefined) =>
    path === undefined ? undefined : place(path);
  const value = mapping.record === 'order' ? mapping.value : undefined;
  return {
    kind: mapping.record,
    click: placeOptional(mapping.click),
    clickUrl: placeOptional(mapping.clickUrl),
    user: (mapping.user ?? []).map(place),
    id: mapping.record === 'click' ? undefined : placeOptional(mapping.id),
    at: placeOptional(mapping.at),
    conditions: Object.entries(mapping.when ?? {})
      .filter(([path]) => !missing.some(({ setting }) => setting === `when.${path}`))
      .map(([path, setting]) => compileCondition(place(path), setting)),
    value: value && placeValue(value, place),
    missing,
  };
}

function placeValue(value: ValueMapping, place: (path: string) => Field): ValueFields {
  const { amount, unit, minus, currency, accept, convert } = value;
  return {
    amount: place(amount),
    unit,
    minus: (minus ?? []).map(place),
    currency: typeof currency === 'string' ? place(currency) : currency,
    accept: accept && new Set(accept),
    convert: convert && { to: convert.to, rates: readRates(convert) },
  };
}

function readRates({ to, rates }: NonNullable<ValueMapping['convert']>): Conversion['rates'] {
  const exact = Object.entries(rates).map(([currency, rate]) => [currency, new Big(rate)] as const);
  return new Map([...exact, [to, new Big(1)]]);
}
