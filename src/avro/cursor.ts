import { isUtf8 } from 'node:buffer';
import { UndecodableError } from './errors.ts';

/** How deep a recursive record may nest: far beyond any event, and far from the end of the stack. */
const depthLimit = 256;

/**
 * Reads Avro's binary encoding (https://avro.apache.org/docs/1.12.0/specification/#binary-encoding) from
 * untrusted bytes. Nothing here reads, allocates or counts past what the bytes can hold: each method throws
 * UndecodableError instead, saying what stood where.
 */
export class Cursor {
  readonly #bytes: Buffer;
  #position = 0;
  #depth = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Where the next read starts; {@link rewind} goes back there. */
  get position(): number {
    return this.#position;
  }

  rewind(position: number): void {
    this.#position = position;
  }

  /** Throws when bytes are left over. */
  end(): void {
    const left = this.#bytes.length - this.#position;
    if (left > 0) throw this.error(`${left} bytes too many`);
  }

  /** Enters a record within itself. */
  descend(): void {
    this.#depth += 1;
    if (this.#depth > depthLimit) throw this.error(`nested more than ${depthLimit} deep`);
  }

  ascend(): void {
    this.#depth -= 1;
  }

  boolean(): boolean {
    const byte = this.#byte();
    if (byte > 1) throw this.error(`the boolean ${byte}`);
    return byte === 1;
  }

  int(): number {
    const value = this.long();
    if (typeof value !== 'number' || (value | 0) !== value) throw this.error(`the int ${value}`);
    return value;
  }

  /** A number where that is exact, else a bigint. */
  long(): number | bigint {
    const first = this.#byte();
    if (first < 0x80) return (first >>> 1) ^ -(first & 1);
    // Two halves of 28 bits each, since JavaScript's bit operations end at 32.
    let low = first & 0x7f;
    for (let shift = 7; shift < 28; shift += 7) {
      const byte = this.#byte();
      low |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (low >>> 1) ^ -(low & 1);
    }
    let high = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#byte();
      high |= (byte & 0x7f) << shift;
      if (byte < 0x80) return joinHalves(low, high);
    }
    const ninth = this.#byte();
    const tenth = ninth < 0x80 ? 0 : this.#byte();
    if (tenth > 1) throw this.error('a number of more than 64 bits');
    return joinBits(low, high, (ninth & 0x7f) | (tenth << 7));
  }

  float(): number {
    return this.#bytes.readFloatLE(this.#advance(4));
  }

  double(): number {
    return this.#bytes.readDoubleLE(this.#advance(8));
  }

  string(): string {
    const length = this.length();
    const start = this.#advance(length);
    const value = this.#bytes.toString('utf8', start, start + length);
    // Bytes that are no UTF-8 would turn two different ids into one.
    if (value.includes('\ufffd') && !isUtf8(this.#bytes.subarray(start, start + length))) {
      throw this.error('a string that is no UTF-8');
    }
    return value;
  }

  /** A view, valid as long as the payload is. */
  take(length: number): Buffer {
    const start = this.#advance(length);
    return this.#bytes.subarray(start, start + length);
  }

  skip(length: number): void {
    this.#advance(length);
  }

  skipLong(): void {
    while (this.#byte() >= 0x80);
  }

  /** The length of what follows, which is there. */
  length(): number {
    const value = this.long();
    if (typeof value !== 'number' || value < 0 || value > this.#left()) {
      throw this.error(`a length of ${value} where ${this.#left()} bytes are left`);
    }
    return value;
  }

  /** One of `count` branches or symbols. */
  index(count: number): number {
    const value = this.long();
    if (typeof value !== 'number' || value < 0 || value >= count) {
      throw this.error(`the choice ${value} of ${count}`);
    }
    return value;
  }

  /**
   * How many items the next block of an array or map holds; 0 after the last. The number is not checked: items
   * that are not there end too early, but nothing bounds the number of items that take no bytes.
   */
  block(): number {
    const count = this.long();
    if (typeof count !== 'number') throw this.error(`a block of ${count} items`);
    if (count >= 0) return count;
    this.length();
    return -count;
  }

  /**
   * As {@link block}, but jumps over a block that says how many bytes it takes: 0 after the last block,
   * undefined after a jump.
   */
  skipBlock(): number | undefined {
    const count = this.long();
    if (typeof count !== 'number') throw this.error(`a block of ${count} items`);
    if (count >= 0) return count;
    this.skip(this.length());
    return undefined;
  }

  error(found: string): UndecodableError {
    return new UndecodableError(`${found}, at byte ${this.#position} of ${this.#bytes.length}`);
  }

  #left(): number {
    return this.#bytes.length - this.#position;
  }

  #byte(): number {
    const byte = this.#bytes[this.#position];
    if (byte === undefined) throw this.error('the bytes end too early');
    this.#position += 1;
    return byte;
  }

  /** Steps over bytes that are there; returns where they start. */
  #advance(length: number): number {
    const start = this.#position;
    if (length > this.#left()) throw this.error('the bytes end too early');
    this.#position = start + length;
    return start;
  }
}

/** Undoes the zigzag of 56 bits, given as halves of 28. */
function joinHalves(low: number, high: number): number | bigint {
  // Below 2^53, where a number is exact.
  if (high >= 0x2000000) return joinBits(low, high, 0);
  const half = high * 0x8000000 + (low >>> 1);
  return low & 1 ? -half - 1 : half;
}

/** Undoes the zigzag of 64 bits, given as 28, 28 and 8. */
function joinBits(low: number, high: number, top: number): number | bigint {
  const bits = (BigInt(top) << 56n) | (BigInt(high) << 28n) | BigInt(low);
  const value = (bits >> 1n) ^ -(bits & 1n);
  const isSafe = value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER;
  return isSafe ? Number(value) : value;
}
