import { Big } from 'big.js';
import { describe, expect, test } from 'vitest';
import { Instant } from '../../src/avro/instant.ts';
import { avro, compileReader, encode } from './schemas.ts';

/** A field as its writer has it. */
interface Field {
  readonly name: string;
  readonly type: unknown;
  readonly value: unknown;
  readonly aliases?: readonly string[];
}

/** What a field's value is written as, and read as. */
interface Leaf {
  readonly type: unknown;
  readonly value: unknown;
  readonly expected?: unknown;
}

/** How the writer's record changed; the mapping goes on naming the field "amount". */
interface Change {
  readonly name: string;
  apply(field: Field, others: readonly Field[]): readonly Field[];
  /** What is said of the field, where it is not there any more. */
  readonly problem?: string;
}

/** Where in the event the record with the field is, and the path to the field. */
interface Place {
  readonly path: string;
  wrap(record: { readonly type: object; readonly value: unknown }): Omit<Field, 'name'>;
  gathers?: true;
}

const decimal = { type: 'bytes', logicalType: 'decimal', precision: 20, scale: 2 };
const at = new Instant(Date.parse('2026-11-24T08:00:00.123Z'));

const leaves: Readonly<Record<string, Leaf>> = {
  int: { type: 'int', value: 7 },
  long: { type: 'long', value: 2n ** 60n },
  float: { type: 'float', value: 0.5 },
  double: { type: 'double', value: 49.99 },
  string: { type: 'string', value: 'é' },
  bytes: { type: 'bytes', value: Buffer.from('é') },
  boolean: { type: 'boolean', value: true },
  enum: { type: { type: 'enum', name: 'Status', symbols: ['NEW', 'PAID'] }, value: 'PAID' },
  'an enum with another symbol': {
    type: { type: 'enum', name: 'Status', symbols: ['DRAFT', 'NEW', 'LATE', 'PAID'] },
    value: 'LATE',
  },
  decimal: { type: decimal, value: new Big('49.99') },
  timestamp: { type: { type: 'long', logicalType: 'timestamp-micros' }, value: at },
  uuid: {
    type: { type: 'fixed', name: 'Id', size: 16, logicalType: 'uuid' },
    value: '0f8fad5b-d9cb-469f-a165-70867728950e',
  },
  array: { type: { type: 'array', items: 'int' }, value: [1, 2] },
};

const others: readonly Field[] = [
  { name: 'code', type: 'string', value: 'EUR' },
  { name: 'tax', type: ['null', 'double'], value: 0.2 },
];

const added: readonly Field[] = [
  {
    name: 'list',
    type: { type: 'array', items: { type: 'map', values: 'long' } },
    value: [{ a: 1 }],
  },
  { name: 'flag', type: 'boolean', value: true },
];

const changes: readonly Change[] = [
  { name: 'nothing changed', apply: (field, rest) => [field, ...rest] },
  { name: 'fields were reordered', apply: (field, rest) => [...rest.toReversed(), field] },
  { name: 'fields were added', apply: (field, rest) => [...added, ...rest, field] },
  { name: 'the others were removed', apply: (field) => [field] },
  {
    name: 'it became nullable',
    apply: (field, rest) => [{ ...field, type: ['null', field.type] }, ...rest],
  },
  {
    name: 'it became nullable, null last',
    apply: (field, rest) => [...rest, { ...field, type: [field.type, 'null'] }],
  },
  {
    name: 'it was renamed, and says so',
    apply: (field, rest) => [...rest, { ...field, name: 'sum', aliases: ['total', 'amount'] }],
  },
  {
    name: 'another field took its old name as an alias',
    apply: (field, rest) => [
      { name: 'sum', type: 'int', value: -1, aliases: ['amount'] },
      ...rest,
      field,
    ],
  },
  {
    name: 'it was renamed without a word',
    apply: (field, rest) => [...rest, { ...field, name: 'amounts' }],
    problem: 'has code, tax, amounts; did you mean',
  },
  { name: 'it was removed', apply: (_, rest) => rest, problem: 'has code, tax' },
];

const places: readonly Place[] = [
  { path: 'total.amount', wrap: (record) => record },
  { path: 'total.amount', wrap: ({ type, value }) => ({ type: ['null', type], value }) },
  {
    path: 'total[1].amount',
    wrap: ({ type, value }) => ({ type: { type: 'array', items: type }, value: [value, value] }),
  },
  {
    path: 'total[*].amount',
    wrap: ({ type, value }) => ({ type: { type: 'array', items: type }, value: [value, value] }),
    gathers: true,
  },
  {
    path: "total['a.key'].amount",
    wrap: ({ type, value }) => ({
      type: { type: 'map', values: type },
      value: { other: value, 'a.key': value },
    }),
  },
  {
    path: 'total.amount',
    wrap: ({ type, value }) => ({
      type: ['string', { type: 'record', name: 'Gift', fields: [] }, type],
      value: { 'com.new.Total': value },
    }),
  },
];

const pairs = Object.entries(leaves).flatMap(([kind, leaf]) =>
  changes.flatMap((change) => places.map((place) => ({ kind, leaf, change, place }))),
);

function recordOf(name: string, fields: readonly Field[]) {
  return {
    type: {
      type: 'record',
      name,
      fields: fields.map(({ name, type, aliases }) => ({ name, type, aliases })),
    },
    value: Object.fromEntries(fields.map(({ name, value }) => [name, value])),
  };
}

describe('evolution of writers', () => {
  test(`is generated: ${pairs.length} pairs`, () => {
    expect(pairs.length).toBeGreaterThanOrEqual(200);
  });

  test.each(pairs)(
    '$kind at $place.path: $change.name',
    ({ leaf, change: { apply, problem }, place: { path, wrap, gathers } }) => {
      const field = { name: 'amount', type: leaf.type, value: leaf.value };
      const total = wrap(recordOf('com.new.Total', apply(field, others)));
      const event = recordOf('com.new.Event', [
        { name: 'first', type: 'string', value: 'x' },
        { name: 'total', ...total },
        { name: 'id', type: 'string', value: 'A' },
      ]);
      const reader = compileReader(avro(event.type), ['id', path]);
      const [id, value] = reader.read(encode(event.type, event.value));
      expect(id).toBe('A');
      if (problem === undefined) {
        expect(reader.missing).toEqual([]);
        expect(value).toEqual(gathers ? [leaf.value, leaf.value] : leaf.value);
      } else {
        expect(reader.missing[0]?.path).toBe(path);
        expect(reader.missing[0]?.reason).toContain(problem);
        expect(value).toEqual(gathers ? [] : null);
      }
    },
  );

  test.each([
    ['int', 7],
    ['long', 7],
    ['float', 7],
    ['double', 7],
    [['null', 'int', 'double'], { int: 7 }],
    [['double', 'null'], 7],
  ])('a number promoted to %j stays the same number', (type, value) => {
    const schema = { type: 'record', name: 'Event', fields: [{ name: 'amount', type }] };
    expect(compileReader(avro(schema), ['amount']).read(encode(schema, { amount: value }))).toEqual(
      [7],
    );
  });

  test.each([
    [
      { type: 'array', items: 'string' },
      ['a'],
      '"total" is an array: total[0].amount or total[*].amount',
    ],
    ['double', 1.5, '"total" is of type double and has no fields'],
    [['null', 'string'], 'x', '"total" is of type null or string and has no fields'],
  ])('a record that became %j has no such field any more', (type, value, problem) => {
    const schema = { type: 'record', name: 'Event', fields: [{ name: 'total', type }] };
    const reader = compileReader(avro(schema), ['total.amount']);
    expect(reader.missing[0]?.reason).toContain(problem);
    expect(reader.read(encode(schema, { total: value }))).toEqual([null]);
  });
});
