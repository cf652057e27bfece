import type { MissingPath } from '../avro/reader.ts';
import type { Mapping, RecordKind, ValueMapping } from '../config/schema.ts';

/** A mapping, with the places of its fields in what the event's reader reads. */
export interface EventMapping {
  readonly kind: RecordKind;
  readonly click: Field | undefined;
  readonly user: readonly Field[];
  readonly id: Field | undefined;
  readonly at: Field | undefined;
  readonly conditions: readonly Condition[];
  readonly value: ValueFields | undefined;
  /** Fields of this mapping that the writer's schema doesn't have: its records can't be mapped. */
  readonly missing: readonly MissingPath[];
}

/** A field of the event: its dotted path, and its place in the values that were read. */
export interface Field {
  readonly path: string;
  readonly index: number;
}

/** A field and the values that let a record through. */
interface Condition {
  readonly field: Field;
  readonly accepted: ReadonlySet<unknown>;
}

/** How the value of an order is read. */
export interface ValueFields {
  readonly amount: Field;
  readonly unit: ValueMapping['unit'];
  readonly minus: readonly Field[];
  readonly currency: Field | undefined;
  readonly accept: ReadonlySet<string> | undefined;
}

/** Every field that a mapping names, as dotted paths and with the setting that names it. */
export function mappingPaths(mapping: Mapping): readonly { path: string; setting: string }[] {
  const value = mapping.record === 'order' ? mapping.value : undefined;
  const single = (path: string | undefined, setting: string) =>
    path === undefined ? [] : [{ path, setting }];
  const list = (paths: readonly string[] | undefined, setting: string) =>
    (paths ?? []).map((path) => ({ path, setting }));
  return [
    ...single(mapping.click, 'click'),
    ...list(mapping.user, 'user'),
    ...(mapping.record === 'click' ? [] : single(mapping.id, 'id')),
    ...single(mapping.at, 'at'),
    ...Object.keys(mapping.when ?? {}).map((path) => ({ path, setting: `when.${path}` })),
    ...single(value?.amount, 'value.amount'),
    ...list(value?.minus, 'value.minus'),
    ...single(value?.currency, 'value.currency'),
  ];
}

/** Places a mapping's fields in `paths`, the order in which the reader gives their values. */
export function placeMapping(
  mapping: Mapping,
  paths: readonly string[],
  missing: readonly MissingPath[],
): EventMapping {
  const place = (path: string): Field => ({ path, index: paths.indexOf(path) });
  const placeOptional = (path: string | undefined) =>
    path === undefined ? undefined : place(path);
  const value = mapping.record === 'order' ? mapping.value : undefined;
  const ownPaths = new Set(mappingPaths(mapping).map(({ path }) => path));
  return {
    kind: mapping.record,
    click: placeOptional(mapping.click),
    user: (mapping.user ?? []).map(place),
    id: mapping.record === 'click' ? undefined : placeOptional(mapping.id),
    at: placeOptional(mapping.at),
    conditions: Object.entries(mapping.when ?? {}).map(([path, accepted]) => ({
      field: place(path),
      accepted: new Set<unknown>([accepted].flat()),
    })),
    value: value && {
      amount: place(value.amount),
      unit: value.unit,
      minus: (value.minus ?? []).map(place),
      currency: placeOptional(value.currency),
      accept: value.accept && new Set(value.accept),
    },
    missing: missing.filter(({ path }) => ownPaths.has(path)),
  };
}
