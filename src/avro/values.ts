import type { Big } from 'big.js';
import { conversionOf } from './logical.ts';
import type { ArrayShape, FixedShape, PrimitiveShape, RecordShape, Shape } from './shape.ts';
import { choose, compileOnce, isSizeless, type Step } from './steps.ts';

/**
 * A value of an event. A union is its branch's value, an enum its symbol, a long a bigint only where a number
 * would not be exact. Logical types: a decimal is a Big, dates and timestamps are a Date (cut to the
 * millisecond), a uuid is a string, others are their base value. Records and maps have no prototype.
 */
export type FieldValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Buffer
  | Big
  | Date
  | readonly FieldValue[]
  | { readonly [name: string]: FieldValue };

/** Items of no bytes carry nothing; without a limit, three bytes could ask for billions of them. */
const sizelessItemsLimit = 10_000;

/** Compiles shapes to steps that read one whole value. A record that holds itself is compiled once. */
export function compileRead(
  shape: Shape,
  known: Map<RecordShape, Step<FieldValue>> = new Map(),
): Step<FieldValue> {
  switch (shape.kind) {
    case 'null':
      return () => null;
    case 'boolean':
      return (cursor) => cursor.boolean();
    case 'float':
      return (cursor) => cursor.float();
    case 'double':
      return (cursor) => cursor.double();
    case 'string':
      return (cursor) => cursor.string();
    case 'int':
    case 'long':
    case 'bytes':
    case 'fixed':
      return readConverted(shape);
    case 'enum': {
      const { symbols } = shape;
      return (cursor) => symbols[cursor.index(symbols.length)] as string;
    }
    case 'array':
      return readArray(shape, compileRead(shape.items, known));
    case 'map':
      return readMap(compileRead(shape.values, known));
    case 'union':
      return choose(shape.branches.map((branch) => compileRead(branch, known)));
    case 'record':
      return compileOnce(shape, known, () => readRecord(shape, known));
  }
}

function readConverted(shape: PrimitiveShape | FixedShape): Step<FieldValue> {
  const conversion = conversionOf(shape);
  const read = readBase(shape);
  if (conversion !== undefined) return (cursor) => conversion.decode(read(cursor));
  // A copy, so that the value does not keep the whole payload in memory.
  return shape.kind === 'int' || shape.kind === 'long'
    ? read
    : (cursor) => Buffer.from(read(cursor) as Buffer);
}

function readBase(shape: PrimitiveShape | FixedShape): Step<Buffer | number | bigint> {
  switch (shape.kind) {
    case 'int':
      return (cursor) => cursor.int();
    case 'fixed':
      return (cursor) => cursor.take(shape.size);
    case 'bytes':
      return (cursor) => cursor.take(cursor.length());
    default:
      return (cursor) => cursor.long();
  }
}

function readRecord(
  shape: RecordShape,
  known: Map<RecordShape, Step<FieldValue>>,
): Step<FieldValue> {
  const fields = shape.fields.map((field) => ({
    name: field.name,
    read: compileRead(field.shape, known),
  }));
  return (cursor) => {
    const record: Record<string, FieldValue> = Object.create(null);
    for (const field of fields) record[field.name] = field.read(cursor);
    return record;
  };
}

function readMap(readValue: Step<FieldValue>): Step<FieldValue> {
  return (cursor) => {
    const map: Record<string, FieldValue> = Object.create(null);
    for (let left = cursor.block(); left > 0; left = cursor.block()) {
      for (; left > 0; left -= 1) {
        const key = cursor.string();
        map[key] = readValue(cursor);
      }
    }
    return map;
  };
}

function readArray({ items }: ArrayShape, readItem: Step<FieldValue>): Step<FieldValue> {
  if (isSizeless(items)) return readSizelessItems(readItem);
  return (cursor) => {
    const array: FieldValue[] = [];
    for (let left = cursor.block(); left > 0; left = cursor.block()) {
      for (; left > 0; left -= 1) array.push(readItem(cursor));
    }
    return array;
  };
}

function readSizelessItems(readItem: Step<FieldValue>): Step<FieldValue> {
  return (cursor) => {
    const array: FieldValue[] = [];
    for (let left = cursor.block(); left > 0; left = cursor.block()) {
      if (array.length + left > sizelessItemsLimit) {
        throw cursor.error(`more than ${sizelessItemsLimit} items that take no bytes`);
      }
      for (; left > 0; left -= 1) array.push(readItem(cursor));
    }
    return array;
  };
}
