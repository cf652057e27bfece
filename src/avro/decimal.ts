import { isDeepStrictEqual } from 'node:util';
import { Big } from 'big.js';
import type { Conversion } from './conversion.ts';
import { Cursor } from './cursor.ts';

/** A schema of the type that a logical type stands on, with the attributes of the logical type; unchecked. */
export interface Attributes {
  readonly type?: unknown;
  readonly size?: unknown;
  readonly logicalType?: unknown;
  readonly precision?: unknown;
  readonly scale?: unknown;
  readonly fields?: unknown;
}

/** A number of more bytes than these, or of more digits after or before the point, is no amount of money. */
const bytesLimit = 256;
const scaleLimit = 2_500;
const zero = new Big(0);

/** A decimal that says its own scale: Avro's bytes of the unscaled number, then an int, the scale. */
export const bigDecimal: Conversion = {
  decode: (base) => {
    const cursor = new Cursor().open(base as Buffer, 0);
    const unscaled = toInteger(cursor.view(cursor.readLength()));
    const scale = cursor.readInt();
    cursor.end();
    return ownScaled(unscaled, scale);
  },
  encode: (value) => {
    if (!(value instanceof Big)) return value;
    const { unscaled, scale } = unscale(value);
    return Buffer.concat([toLong(unscaled.length), unscaled, toLong(scale)]);
  },
};

/** Debezium's record of a scale and the bytes of the unscaled number; undefined for another record. */
export function variableScaleDecimal({ type, fields }: Attributes): Conversion | undefined {
  const isOne = type === 'record' && isDeepStrictEqual(shapeOf(fields), variableScale);
  return isOne ? variableScaleConversion : undefined;
}

const variableScale = { scale: 'int', value: 'bytes' };

function shapeOf(fields: unknown): object {
  const named: readonly { readonly name?: unknown; readonly type?: unknown }[] = Array.isArray(
    fields,
  )
    ? fields
    : [];
  return Object.fromEntries(named.map(({ name, type }) => [name, type]));
}

const variableScaleConversion: Conversion = {
  decode: (base) => {
    const { scale, value } = base as { readonly scale: number; readonly value: Buffer };
    return ownScaled(toInteger(value), scale);
  },
  encode: (value) => {
    if (!(value instanceof Big)) return value;
    const { unscaled, scale } = unscale(value);
    return { scale, value: unscaled };
  },
};

function unscale(value: Big): { readonly unscaled: Buffer; readonly scale: number } {
  const unscaled = toBytes(BigInt(value.s) * BigInt(value.c.join('')));
  return { unscaled, scale: value.c.length - 1 - value.e };
}

function ownScaled(unscaled: number | bigint, scale: number): Big {
  if (Math.abs(scale) > scaleLimit) throw new RangeError(`a decimal of scale ${scale}`);
  return scaled(unscaled, scale);
}

function scaled(unscaled: number | bigint, scale: number): Big {
  return typeof unscaled === 'number'
    ? ofDigits(unscaled, scale)
    : new Big(`${unscaled}e${-scale}`);
}

/** Made from its digits, as big.js documents them, in half the time that it takes to make and parse a text. */
function ofDigits(unscaled: number, scale: number): Big {
  const digits: number[] = [];
  let exponent = -scale - 1;
  for (let rest = Math.abs(unscaled); rest > 0; rest = Math.floor(rest / 10)) {
    const digit = rest % 10;
    if (digit > 0 || digits.length > 0) digits.push(digit);
    exponent += 1;
  }
  const value = new Big(zero);
  return digits.length === 0
    ? value
    : Object.assign(value, { s: unscaled < 0 ? -1 : 1, e: exponent, c: digits.reverse() });
}

/** Undefined for the parameters that the specification calls invalid. */
export function decimal({ type, size, precision, scale = 0 }: Attributes): Conversion | undefined {
  const isValid =
    (type === 'bytes' || type === 'fixed') &&
    isCount(precision) &&
    precision > 0 &&
    isCount(scale) &&
    scale <= precision;
  const length = type === 'fixed' ? Number(size) : undefined;
  if (!isValid || (length !== undefined && precision > digitsOf(length))) return undefined;
  return {
    decode: (base) => scaled(toInteger(base as Buffer), scale),
    encode: (value) => (value instanceof Big ? toBytes(toUnscaled(value, scale), length) : value),
  };
}

/** The most digits that so many bytes always hold. */
function digitsOf(bytes: number): number {
  return Math.floor(Math.log10(2) * (8 * bytes - 1));
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Two's complement, big-endian. */
function toInteger(bytes: Buffer): number | bigint {
  if (bytes.length === 0 || bytes.length > bytesLimit) {
    throw new RangeError(`a decimal of ${bytes.length} bytes`);
  }
  if (bytes.length <= 6) return bytes.readIntBE(0, bytes.length);
  return BigInt.asIntN(bytes.length * 8, BigInt(`0x${bytes.toString('hex')}`));
}

/** The unscaled integer of the value; throws where it has more digits than the scale. */
function toUnscaled(value: Big, scale: number): bigint {
  if (!value.round(scale).eq(value)) {
    throw new RangeError(`${value} has more than ${scale} digits after the point`);
  }
  return BigInt(value.times(new Big(10).pow(scale)).toFixed(0));
}

/** The fewest bytes that hold the integer, or exactly `size`; throws where it does not fit. */
function toBytes(integer: bigint, size?: number): Buffer {
  // One bit more than the magnitude, for the sign.
  const magnitude = integer < 0n ? -integer - 1n : integer;
  const fewest = Math.floor(magnitude.toString(2).length / 8) + 1;
  const length = size ?? fewest;
  if (fewest > length) throw new RangeError(`${integer} does not fit into ${length} bytes`);
  const hex = BigInt.asUintN(length * 8, integer).toString(16);
  return Buffer.from(hex.padStart(length * 2, '0'), 'hex');
}

/** A number as Avro writes int and long: its sign in the lowest bit, seven bits a byte, the lowest first. */
function toLong(value: number): Buffer {
  const bytes: number[] = [];
  let bits = (value << 1) ^ (value >> 31);
  for (; bits > 0x7f; bits >>>= 7) bytes.push((bits & 0x7f) | 0x80);
  return Buffer.from([...bytes, bits]);
}
