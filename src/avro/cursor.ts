import { shortTexts } from './shortText.ts';
import { noBranch, tooLong, tooLongNumber, tooManyValues, truncated } from './wrongBytes.ts';

/**
 * What one payload may take in all: values that its mapped fields are made of, and records within themselves.
 * No honest event comes near; without limits, six bytes ask for billions of values that take no bytes.
 */
const valuesLimit = 50_000;
const depthLimit = 500;

const nothing = Buffer.alloc(0);

/**
 * So many bits of a long, the sign the lowest of them, and so many above are within the operators of 32 bits; put
 * together, without the sign, they are exact as a number.
 */
const bitsOfInteger = 28;
const bitsOfHigh = 21;
const unitOfHigh = 2 ** (bitsOfInteger - 1);
const bytesOfLong = 10;
const bytesOfInt = 5;

/**
 * A place in the bytes of one payload, and how much it may still ask for. Nothing is read past the end, and no
 * length or count is believed that the rest cannot hold. Throws plain errors that say what is wrong.
 */
export class Cursor {
  bytes: Buffer = nothing;
  length = 0;
  position = 0;
  blockEnd: number | undefined;
  #values = 0;
  #depth = 0;

  /** Goes to a place in other bytes, with nothing asked for yet. */
  open(bytes: Buffer, position: number): this {
    this.bytes = bytes;
    this.length = bytes.length;
    this.position = position;
    this.#values = 0;
    this.#depth = 0;
    return this;
  }

  /** Lets go of the bytes. */
  close(): void {
    this.bytes = nothing;
  }

  /** Notes that so many values are about to be made. */
  spend(values: number): void {
    this.#values += values;
    if (this.#values > valuesLimit) throw tooManyValues(valuesLimit);
  }

  /** Notes the way into a record within itself, and out of it. */
  enter(): void {
    this.#depth += 1;
    if (this.#depth > depthLimit) throw new Error(`more than ${depthLimit} levels`);
  }

  leave(): void {
    this.#depth -= 1;
  }

  skip(count: number): void {
    this.position += count;
    if (this.position > this.length) throw truncated();
  }

  end(): void {
    const left = this.length - this.position;
    if (left > 0) throw new Error(`${left} bytes are left over`);
  }

  readBoolean(): boolean {
    const byte = this.bytes[this.position] as number;
    this.skip(1);
    if (byte > 1) throw new Error(`a boolean of ${byte}`);
    return byte === 1;
  }

  readInt(): number {
    const start = this.position;
    const value = this.readLong();
    const isInt = typeof value === 'number' && value === (value | 0);
    if (!isInt || this.position - start > bytesOfInt)
      throw new Error('an int of more than 32 bits');
    return value;
  }

  /** A bigint only where a number would not be exact. */
  readLong(): number | bigint {
    const { bytes, position: start } = this;
    let end = start + 1;
    let byte = bytes[start] as number;
    let bits = byte & 0x7f;
    for (let shift = 7; byte >= 0x80 && shift < bitsOfInteger; shift += 7) {
      byte = bytes[end++] as number;
      bits |= (byte & 0x7f) << shift;
    }
    if (byte >= 0x80) return this.#readLonger(start, end, bits);
    this.skip(end - start);
    return (bits >>> 1) ^ -(bits & 1);
  }

  skipLong(): void {
    const { bytes, position } = this;
    let end = position;
    while ((bytes[end] as number) >= 0x80) end += 1;
    if (end - position >= bytesOfLong) throw tooLongNumber(bytesOfLong);
    this.skip(end + 1 - position);
  }

  /** As the shortest number that is this float: 49.99, as its writer had it, not 49.9900016784668. */
  readFloat(): number {
    const { position } = this;
    this.skip(4);
    return shortestOf(this.bytes.readFloatLE(position));
  }

  readDouble(): number {
    const { position } = this;
    this.skip(8);
    return this.bytes.readDoubleLE(position);
  }

  /** Which of so many branches of a union, or symbols of an enum, is there. */
  readBranch(count: number): number {
    const branch = this.#readCount();
    if (branch < 0 || branch >= count) throw noBranch(branch, count);
    return branch;
  }

  /** The number of bytes that follow. */
  readLength(): number {
    const length = this.#readCount();
    const left = this.length - this.position;
    if (length < 0 || length > left) throw tooLong(length, left);
    return length;
  }

  /** So many bytes, where they stand: for at most as long as the payload is untouched. */
  view(length: number): Buffer {
    const { position } = this;
    this.skip(length);
    return this.bytes.subarray(position, position + length);
  }

  /** A text whose bytes must be UTF-8: replacing those that are not would turn two ids into one. */
  readText(): string {
    const length = this.readLength();
    const start = this.position;
    this.position = start + length;
    // To ask a list for what lies beyond its end is slow.
    const short = length < shortTexts.length ? shortTexts[length] : undefined;
    return short?.(this.bytes, start) ?? this.#textFrom(start);
  }

  /** Goes past a text or bytes. */
  skipText(): void {
    const length = this.readLength();
    this.position += length;
  }

  /**
   * Begins the next block of an array or map whose items take `itemSize` bytes at least. Gives their number, 0
   * after the last block; `blockEnd` then is where the block ends, if it says so.
   */
  readBlock(itemSize: number): number {
    const signed = this.readLong();
    if (signed === 0) return 0;
    this.blockEnd = signed < 0 ? this.readLength() + this.position : undefined;
    const count = Math.abs(Number(signed));
    const left = (this.blockEnd ?? this.length) - this.position;
    const most = itemSize === 0 ? valuesLimit : left / itemSize;
    if (count > most) throw new Error(`${count} items in ${left} bytes`);
    return count;
  }

  /** A long that is nearly always one byte, and from 0 on. */
  #readCount(): number {
    const first = this.bytes[this.position] as number;
    if (first < 0x80 && (first & 1) === 0) {
      this.position += 1;
      return first >>> 1;
    }
    return Number(this.readLong());
  }

  #textFrom(start: number): string {
    // UTF-8 without its name, which would be looked up.
    const text = this.bytes.toString(undefined, start, this.position);
    if (!text.includes('\ufffd')) return text;
    if (Buffer.from(text).equals(this.bytes.subarray(start, this.position))) return text;
    throw new Error('a text that is no UTF-8');
  }

  #readLonger(start: number, middle: number, low: number): number | bigint {
    let end = middle;
    let high = 0;
    let byte = 0x80;
    for (let shift = 0; byte >= 0x80 && shift < bitsOfHigh; shift += 7) {
      byte = this.bytes[end++] as number;
      high |= (byte & 0x7f) << shift;
    }
    if (byte >= 0x80) {
      this.skipLong();
      return this.#bigint(start);
    }
    this.skip(end - start);
    const magnitude = high * unitOfHigh + (low >>> 1);
    return (low & 1) === 0 ? magnitude : -magnitude - 1;
  }

  #bigint(start: number): number | bigint {
    let bits = 0n;
    for (let at = this.position - 1; at >= start; at -= 1) {
      bits = (bits << 7n) | BigInt((this.bytes[at] as number) & 0x7f);
    }
    if (bits >> 64n) throw new Error('a long of more than 64 bits');
    const value = (bits >> 1n) ^ -(bits & 1n);
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }
}

/** No float takes more than nine digits, and one of up to six keeps them all. */
function shortestOf(float: number): number {
  for (let digits = 6; digits < 9; digits += 1) {
    const shorter = Number(float.toPrecision(digits));
    if (Math.fround(shorter) === float) return shorter;
  }
  return Number(float.toPrecision(9));
}
