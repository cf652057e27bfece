import avsc, { type Type } from 'avsc';

/** The bytes as avsc reads them. Past their end it reads zeros, and says only at the end that they were short. */
export interface Tap {
  readonly buf: Buffer;
  pos: number;
  readLong(): number;
  unpackLongBytes(): Buffer;
  readString(): string | undefined;
  skipString(): void;
}

/** What avsc's typings leave out of a type. */
interface Decoder {
  _read(tap: Tap): unknown;
  _skip(tap: Tap): void;
}

/** Items may take no bytes at all (null, empty records); without a limit, six bytes ask for billions of them. */
const sizelessItemsLimit = 10_000;

/** An array that neither counts nor goes further than its bytes: avsc's own loops and allocates without end. */
export class BoundedArray extends avsc.types.ArrayType {
  _read(tap: Tap): unknown[] {
    const items = decoderOf(this.itemsType);
    const values: unknown[] = [];
    eachItem(tap, () => values.push(items._read(tap)));
    return values;
  }

  _skip(tap: Tap): void {
    const items = decoderOf(this.itemsType);
    eachItem(tap, () => items._skip(tap));
  }
}

/** As {@link BoundedArray}; what is read has no prototype, so no key can set one. */
export class BoundedMap extends avsc.types.MapType {
  _read(tap: Tap): Record<string, unknown> {
    const values = decoderOf(this.valuesType);
    const map: Record<string, unknown> = Object.create(null);
    eachItem(tap, () => {
      const key = readText(tap);
      map[key] = values._read(tap);
    });
    return map;
  }

  _skip(tap: Tap): void {
    const values = decoderOf(this.valuesType);
    eachItem(tap, () => {
      tap.skipString();
      values._skip(tap);
    });
  }
}

/** A union that reads as its branch's value; avsc's own puts the branch's name around it where it may matter. */
export class PlainUnion extends avsc.types.WrappedUnionType {
  _read(tap: Tap): unknown {
    return chosen(this.types, tap)._read(tap);
  }

  _skip(tap: Tap): void {
    chosen(this.types, tap)._skip(tap);
  }
}

/** A text whose bytes must be UTF-8: replacing those that are not would turn two ids into one. */
export class StrictString extends avsc.types.StringType {
  _read(tap: Tap): string {
    return readText(tap);
  }
}

/** A long that is a bigint where a number would not be exact; avsc's own refuses it. */
export class ExactLong extends avsc.types.LongType {
  _read(tap: Tap): number | bigint {
    const start = tap.pos;
    const number = tap.readLong();
    // From here on avsc's arithmetic rounds.
    if (Math.abs(number) < 2 ** 52) return number;
    if (Math.abs(number) > 2 ** 63) throw new Error('a long of more than 64 bits');
    tap.pos = start;
    const value = tap.unpackLongBytes().readBigInt64LE();
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }
}

function readText(tap: Tap): string {
  const text = tap.readString() ?? '';
  if (text.includes('\ufffd')) {
    const bytes = Buffer.from(text);
    const isSame = bytes.equals(tap.buf.subarray(tap.pos - bytes.length, tap.pos));
    if (!isSame) throw new Error('a text that is no UTF-8');
  }
  return text;
}

function chosen(branches: readonly Type[], tap: Tap): Decoder {
  const index = tap.readLong();
  const branch = branches[index];
  if (branch === undefined) throw new Error(`invalid union index: ${index}`);
  return decoderOf(branch);
}

function decoderOf(type: Type): Decoder {
  return type as unknown as Decoder;
}

/** Goes through the blocks of an array or map. */
function eachItem(tap: Tap, step: () => void): void {
  const { length } = tap.buf;
  let total = 0;
  for (let count = tap.readLong(); count !== 0; count = tap.readLong()) {
    total += Math.abs(count);
    if (total > length + sizelessItemsLimit) throw new Error(`${total} items in ${length} bytes`);
    if (count < 0) checkSize(tap);
    for (let left = Math.abs(count); left > 0; left -= 1) {
      step();
      if (tap.pos > length) throw new Error('truncated buffer');
    }
  }
}

/** A negative count comes with the size of its block, which is of use only for jumping over the block. */
function checkSize(tap: Tap): void {
  const size = tap.readLong();
  const left = tap.buf.length - tap.pos;
  if (size < 0 || size > left) throw new Error(`a block of ${size} bytes where ${left} are left`);
}
