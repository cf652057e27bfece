/**
 * What one payload may take in all: values that its mapped fields are made of, and records within themselves.
 * No honest event comes near; without limits, six bytes ask for billions of values that take no bytes.
 */
const valuesLimit = 100_000;
const depthLimit = 500;

/** Beyond these many bytes a long does not fit a number, whatever its bits are. */
const bytesOfNumber = 7;
const bytesOfLong = 10;
const bytesOfInt = 5;

/**
 * A place in the bytes of one payload, and how much it may still ask for. Nothing is read past the end, and no
 * length or count is believed that the rest cannot hold. Throws plain errors that say what is wrong.
 */
export class Cursor {
  readonly bytes: Buffer;
  position = 0;
  #values = 0;
  #depth = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** Notes that so many values are about to be made. */
  spend(values: number): void {
    this.#values += values;
    if (this.#values > valuesLimit) throw new Error(`more than ${valuesLimit} values`);
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
    if (count > this.bytes.length - this.position) throw new Error('truncated: bytes are missing');
    this.position += count;
  }

  end(): void {
    const left = this.bytes.length - this.position;
    if (left > 0) throw new Error(`${left} bytes are left over`);
  }

  readBoolean(): boolean {
    const byte = this.#byte();
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
    const start = this.position;
    let byte = this.#byte();
    let bits = byte & 0x7f;
    for (let shift = 7; byte >= 0x80; shift += 7) {
      // From here on the operators of 32 bits are too narrow.
      if (shift === 28) return this.#readWideLong(start);
      byte = this.#byte();
      bits |= (byte & 0x7f) << shift;
    }
    return (bits >>> 1) ^ -(bits & 1);
  }

  skipLong(): void {
    const last = this.position + bytesOfLong;
    while (this.#byte() >= 0x80) if (this.position === last) throw endlessLong();
  }

  readFloat(): number {
    const { position } = this;
    this.skip(4);
    return this.bytes.readFloatLE(position);
  }

  readDouble(): number {
    const { position } = this;
    this.skip(8);
    return this.bytes.readDoubleLE(position);
  }

  /** Which of so many branches of a union, or symbols of an enum, is there. */
  readBranch(count: number): number {
    const branch = this.readLong();
    if (branch < 0 || branch >= count) throw new Error(`branch or symbol ${branch} of ${count}`);
    return Number(branch);
  }

  /** The number of bytes that follow. */
  readLength(): number {
    const length = this.readLong();
    const left = this.bytes.length - this.position;
    if (length < 0 || length > left) throw new Error(`${length} bytes where ${left} are left`);
    return Number(length);
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
    const { position } = this;
    this.position += length;
    const text = this.bytes.toString('utf8', position, this.position);
    if (
      text.includes('\ufffd') &&
      !Buffer.from(text).equals(this.bytes.subarray(position, this.position))
    ) {
      throw new Error('a text that is no UTF-8');
    }
    return text;
  }

  /** The start of the next block of an array or map whose items take `itemSize` bytes at least. */
  readBlock(itemSize: number): Block {
    const signed = this.readLong();
    const count = Math.abs(Number(signed));
    const size = signed < 0 ? this.readLength() : undefined;
    const left = size ?? this.bytes.length - this.position;
    const most = itemSize === 0 ? valuesLimit : left / itemSize;
    if (count > most) throw new Error(`${count} items in ${left} bytes`);
    return { count, end: size === undefined ? undefined : this.position + size };
  }

  #readWideLong(start: number): number | bigint {
    this.position = start;
    this.skipLong();
    const length = this.position - start;
    return length <= bytesOfNumber ? this.#number(start) : this.#bigint(start);
  }

  #number(start: number): number {
    let bits = 0;
    for (let at = this.position - 1; at >= start; at -= 1) {
      bits = bits * 0x80 + ((this.bytes[at] as number) & 0x7f);
    }
    return bits % 2 === 0 ? bits / 2 : -(bits + 1) / 2;
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

  #byte(): number {
    const byte = this.bytes[this.position];
    if (byte === undefined) throw new Error('truncated: bytes are missing');
    this.position += 1;
    return byte;
  }
}

/** Items that stand together; none is the end of the array or map. */
interface Block {
  readonly count: number;
  /** Where it ends, if it says so. */
  readonly end: number | undefined;
}

function endlessLong(): Error {
  return new Error(`a number of more than ${bytesOfLong} bytes`);
}
