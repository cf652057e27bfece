import avsc, { type Type } from 'avsc';
import { baseOf, branchesOf } from './avscType.ts';
import type { Cursor } from './cursor.ts';
import { byBranch, inSequence } from './sequence.ts';

/** Goes past a value. Checks no more of it than the way needs. */
export type Skip = (cursor: Cursor) => void;

/** What goes past the values of a schema's types; knows each type once, as types may hold themselves. */
export class Skips {
  readonly #sizes = new Map<Type, number | undefined>();
  readonly #skips = new Map<Type, Skip>();

  /** The bytes that each value of the type takes, where all take the same. */
  sizeOf(type: Type): number | undefined {
    // A type within itself has no size, or no value at all.
    if (!this.#sizes.has(type)) {
      this.#sizes.set(type, undefined);
      this.#sizes.set(type, this.#measure(baseOf(type)));
    }
    return this.#sizes.get(type);
  }

  of(type: Type): Skip {
    const known = this.#skips.get(type);
    if (known) return known;
    let skip: Skip | undefined;
    this.#skips.set(type, (cursor) => {
      cursor.enter();
      skip?.(cursor);
      cursor.leave();
    });
    skip = this.#compile(baseOf(type));
    this.#skips.set(type, skip);
    return skip;
  }

  /** Goes past values of these types that follow each other: those of fixed sizes in one step. */
  ofAll(types: readonly Type[]): Skip[] {
    const skips: Skip[] = [];
    let size = 0;
    for (const type of types) {
      const own = this.sizeOf(type);
      size += own ?? 0;
      if (own !== undefined) continue;
      if (size > 0) skips.push(skipBytes(size));
      size = 0;
      skips.push(this.of(type));
    }
    return size > 0 ? [...skips, skipBytes(size)] : skips;
  }

  #measure(type: Type): number | undefined {
    if (type instanceof avsc.types.NullType) return 0;
    if (type instanceof avsc.types.BooleanType) return 1;
    if (type instanceof avsc.types.FloatType) return 4;
    if (type instanceof avsc.types.DoubleType) return 8;
    if (type instanceof avsc.types.FixedType) return type.size;
    if (!(type instanceof avsc.types.RecordType)) return undefined;
    const sizes = type.fields.map((field) => this.sizeOf(field.type));
    return sizes.reduce<number | undefined>(
      (sum, size) => (sum === undefined || size === undefined ? undefined : sum + size),
      0,
    );
  }

  #compile(type: Type): Skip {
    const size = this.sizeOf(type);
    if (size !== undefined) return skipBytes(size);
    if (type instanceof avsc.types.RecordType) {
      return inSequence(this.ofAll(type.fields.map((field) => field.type))) as Skip;
    }
    if (type instanceof avsc.types.ArrayType) return this.#array(type.itemsType);
    if (type instanceof avsc.types.MapType) return this.#map(type.valuesType);
    if (type instanceof avsc.types.StringType || type instanceof avsc.types.BytesType) {
      return skipText;
    }
    const branches = branchesOf(type);
    return branches ? (byBranch(branches.map((branch) => this.of(branch))) as Skip) : skipLong;
  }

  #array(items: Type): Skip {
    const size = this.sizeOf(items);
    if (size === undefined) return inBlocks(1, each(this.of(items)));
    return inBlocks(size, (cursor, count) => cursor.skip(count * size));
  }

  #map(values: Type): Skip {
    const skip = this.of(values);
    const skipEntry: Skip = (cursor) => {
      skipText(cursor);
      skip(cursor);
    };
    return inBlocks(1, each(skipEntry));
  }
}

/** Goes past the blocks of an array or map: in one step where they say their size. */
function inBlocks(itemSize: number, skipItems: (cursor: Cursor, count: number) => void): Skip {
  return (cursor) => {
    for (let count = cursor.readBlock(itemSize); count > 0; count = cursor.readBlock(itemSize)) {
      if (cursor.blockEnd === undefined) skipItems(cursor, count);
      else cursor.position = cursor.blockEnd;
    }
  };
}

function each(skip: Skip): (cursor: Cursor, count: number) => void {
  return (cursor, count) => {
    for (let left = count; left > 0; left -= 1) skip(cursor);
  };
}

function skipBytes(size: number): Skip {
  return (cursor) => cursor.skip(size);
}

function skipText(cursor: Cursor): void {
  cursor.skipText();
}

function skipLong(cursor: Cursor): void {
  cursor.skipLong();
}
