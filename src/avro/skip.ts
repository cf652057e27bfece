import avsc, { type Type } from 'avsc';
import { baseOf, branchesOf } from './avscType.ts';
import type { Cursor } from './cursor.ts';

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
      return inOrder(this.ofAll(type.fields.map((field) => field.type)));
    }
    if (type instanceof avsc.types.ArrayType) return this.#items(type.itemsType, 0);
    if (type instanceof avsc.types.MapType) return this.#items(type.valuesType, 1);
    if (type instanceof avsc.types.StringType || type instanceof avsc.types.BytesType) {
      return skipText;
    }
    const branches = branchesOf(type)?.map((branch) => this.of(branch));
    if (!branches) return skipLong;
    return (cursor) => branches[cursor.readBranch(branches.length)]?.(cursor);
  }

  /** An array's items, or a map's with their keys. */
  #items(type: Type, keys: 0 | 1): Skip {
    const size = keys === 0 ? this.sizeOf(type) : undefined;
    const skip = this.of(type);
    const skipItem: Skip = keys === 0 ? skip : inOrder([skipText, skip]);
    return (cursor) => {
      for (;;) {
        const { count, end } = cursor.readBlock(size ?? 1);
        if (count === 0) return;
        if (end !== undefined) cursor.position = end;
        else if (size !== undefined) cursor.skip(count * size);
        else for (let left = count; left > 0; left -= 1) skipItem(cursor);
      }
    };
  }
}

/** One step after the other. */
function inOrder(skips: readonly Skip[]): Skip {
  return (cursor) => {
    for (const skip of skips) skip(cursor);
  };
}

function skipBytes(size: number): Skip {
  return (cursor) => cursor.skip(size);
}

function skipText(cursor: Cursor): void {
  cursor.skip(cursor.readLength());
}

function skipLong(cursor: Cursor): void {
  cursor.skipLong();
}
