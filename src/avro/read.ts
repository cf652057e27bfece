import avsc, { type Type } from 'avsc';
import { baseOf, branchesOf, type RecordType } from './avscType.ts';
import type { Base } from './conversion.ts';
import type { Cursor } from './cursor.ts';
import type { FieldValue } from './fieldValue.ts';
import { Converted } from './logical.ts';
import type { Skips } from './skip.ts';

/** A conversion takes as long as so many plain values. */
const conversionCost = 2;
/** That of many bytes takes longer: a decimal of 256 bytes has 600 digits. */
const longBytes = 32;
const conversionBytes = 8;

/** Reads a whole value. */
export type Read = (cursor: Cursor) => FieldValue;

/** What reads the values of a schema's types; knows each type once, as types may hold themselves. */
export class Reads {
  readonly #skips: Skips;
  readonly #reads = new Map<Type, Read>();

  constructor(skips: Skips) {
    this.#skips = skips;
  }

  of(type: Type): Read {
    const known = this.#reads.get(type);
    if (known) return known;
    let read: Read = readNull;
    this.#reads.set(type, (cursor) => {
      cursor.enter();
      const value = read(cursor);
      cursor.leave();
      return value;
    });
    read = this.#compile(type);
    this.#reads.set(type, read);
    return read;
  }

  #compile(type: Type): Read {
    if (type instanceof Converted) return this.#converted(type);
    const simple = simpleRead(type);
    if (simple) return simple;
    if (type instanceof avsc.types.RecordType) return this.#record(type);
    if (type instanceof avsc.types.ArrayType) return this.#array(type.itemsType);
    if (type instanceof avsc.types.MapType) return this.#map(type.valuesType);
    const branches = branchesOf(type)?.map((branch) => this.of(branch));
    if (!branches) throw new Error(`nothing reads the type ${type.typeName}`);
    return (cursor) => {
      const branch = branches[cursor.readBranch(branches.length)] as Read;
      return branch(cursor);
    };
  }

  #converted(type: Converted): Read {
    const base = baseOf(type);
    const { conversion } = type;
    const view = viewOf(base);
    if (view) {
      return (cursor) => {
        const bytes = view(cursor);
        cursor.spend(bytes.length < longBytes ? conversionCost : bytes.length / conversionBytes);
        return conversion.decode(bytes);
      };
    }
    const read = this.#compile(base) as (cursor: Cursor) => Base;
    return (cursor) => {
      cursor.spend(conversionCost);
      return conversion.decode(read(cursor));
    };
  }

  #record(type: RecordType): Read {
    const fields = type.fields.map((field) => ({ name: field.name, read: this.of(field.type) }));
    return (cursor) => {
      cursor.spend(fields.length);
      const record: Record<string, FieldValue> = Object.create(null);
      for (const { name, read } of fields) record[name] = read(cursor);
      return record;
    };
  }

  #array(items: Type): Read {
    const read = this.of(items);
    const size = this.#skips.sizeOf(items) ?? 1;
    return (cursor) => {
      const values: FieldValue[] = [];
      eachItem(cursor, size, () => {
        cursor.spend(1);
        values.push(read(cursor));
      });
      return values;
    };
  }

  #map(type: Type): Read {
    const read = this.of(type);
    return (cursor) => {
      const map: Record<string, FieldValue> = Object.create(null);
      eachItem(cursor, 1, () => {
        cursor.spend(1);
        const key = cursor.readText();
        map[key] = read(cursor);
      });
      return map;
    };
  }
}

/** Goes through the blocks of an array or map; `step` takes one item, whose place it is told. */
export function eachItem(cursor: Cursor, itemSize: number, step: (index: number) => void): void {
  let index = 0;
  for (let count = cursor.readBlock(itemSize); count > 0; count = cursor.readBlock(itemSize)) {
    const { blockEnd } = cursor;
    for (const last = index + count; index < last; index += 1) step(index);
    // A reader that skips the block goes by its size: both must see the same values.
    if (blockEnd !== undefined && cursor.position !== blockEnd) {
      throw new Error('a block of another size than it says');
    }
  }
}

function simpleRead(type: Type): Read | undefined {
  if (type instanceof avsc.types.NullType) return readNull;
  if (type instanceof avsc.types.BooleanType) return (cursor) => cursor.readBoolean();
  if (type instanceof avsc.types.IntType) return (cursor) => cursor.readInt();
  if (type instanceof avsc.types.LongType) return (cursor) => cursor.readLong();
  if (type instanceof avsc.types.FloatType) return (cursor) => cursor.readFloat();
  if (type instanceof avsc.types.DoubleType) return (cursor) => cursor.readDouble();
  if (type instanceof avsc.types.StringType) return (cursor) => cursor.readText();
  if (type instanceof avsc.types.EnumType) return readEnum(type.symbols);
  const view = viewOf(type);
  // A copy, as values outlive the payload.
  return view && ((cursor) => Buffer.from(view(cursor)));
}

/** The bytes of bytes and fixed. */
function viewOf(type: Type): ((cursor: Cursor) => Buffer) | undefined {
  if (type instanceof avsc.types.BytesType) return (cursor) => cursor.view(cursor.readLength());
  if (!(type instanceof avsc.types.FixedType)) return undefined;
  const { size } = type;
  return (cursor) => cursor.view(size);
}

function readEnum(symbols: readonly string[]): Read {
  return (cursor) => symbols[cursor.readBranch(symbols.length)] as string;
}

function readNull(): null {
  return null;
}
