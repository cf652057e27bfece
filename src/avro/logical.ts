import avsc from 'avsc';
import { Big } from 'big.js';

/** A value as it stands in the bytes. */
type Base = Buffer | number | bigint;

/** Both ways between a value as it stands in the bytes and what its logical type says that it means. */
interface Conversion {
  /** Throws for what the logical type has no value for. */
  decode(base: Base): Big | Date | string;
  /** Leaves a value that is no Big, Date or UUID as it is: producers may give base values too. */
  encode(value: unknown): unknown;
}

/** A schema may ask for any precision, but a number of more bytes than these is no amount of money. */
const decimalBytesLimit = 1024;
const millisecondsOfDay = 86_400_000;

/** A schema of the type that a logical type stands on, with the attributes of the logical type; unchecked. */
interface Attributes {
  readonly type?: unknown;
  readonly size?: unknown;
  readonly logicalType?: unknown;
  readonly precision?: unknown;
  readonly scale?: unknown;
}

type Schema = ConstructorParameters<typeof avsc.types.LogicalType>[0];

/** A type whose values are converted. */
export class Converted extends avsc.types.LogicalType {
  readonly #conversion: Conversion;

  constructor(schema: object, options: unknown, conversion: Conversion) {
    super({ ...schema, logicalType: undefined } as unknown as Schema, options);
    this.#conversion = conversion;
  }

  protected override _fromValue(value: Base | undefined): unknown {
    // Undefined where the bytes ended too early, which avsc says later.
    return value === undefined ? undefined : this.#conversion.decode(value);
  }

  protected override _toValue(value: unknown): unknown {
    return this.#conversion.encode(value);
  }
}

/**
 * How values of a logical type are converted; undefined for one that is unknown or does not fit its base type,
 * which the specification says to ignore: https://avro.apache.org/docs/1.12.0/specification/#logical-types
 */
export function conversionOf(schema: object): Conversion | undefined {
  const { type, size, logicalType }: Attributes = schema;
  switch (logicalType) {
    case 'decimal':
      return decimal(schema);
    case 'uuid':
      return type === 'fixed' && size === 16 ? uuid : undefined;
    case 'date':
      return type === 'int' ? date : undefined;
    case 'timestamp-millis':
    case 'local-timestamp-millis':
      return type === 'long' ? timestamp(1) : undefined;
    case 'timestamp-micros':
    case 'local-timestamp-micros':
      return type === 'long' ? timestamp(1_000) : undefined;
    case 'timestamp-nanos':
    case 'local-timestamp-nanos':
      return type === 'long' ? timestamp(1_000_000) : undefined;
    default:
      return undefined;
  }
}

const date: Conversion = {
  decode: (base) => toDate(Number(base) * millisecondsOfDay),
  encode: (value) =>
    value instanceof Date ? Math.floor(value.getTime() / millisecondsOfDay) : value,
};

function timestamp(unitsOfMillisecond: number): Conversion {
  return {
    decode: (base) => toDate(floorDivide(base as number | bigint, unitsOfMillisecond)),
    encode: (value) =>
      value instanceof Date ? BigInt(value.getTime()) * BigInt(unitsOfMillisecond) : value,
  };
}

function toDate(milliseconds: number): Date {
  const value = new Date(milliseconds);
  if (Number.isNaN(value.getTime())) {
    throw new RangeError(`${milliseconds} ms since 1970 is beyond any date`);
  }
  return value;
}

function floorDivide(value: number | bigint, divisor: number): number {
  if (typeof value === 'number') return Math.floor(value / divisor);
  const quotient = value / BigInt(divisor);
  return Number(value % BigInt(divisor) < 0n ? quotient - 1n : quotient);
}

const uuid: Conversion = {
  decode: (base) =>
    (base as Buffer).toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
  encode: (value) =>
    typeof value === 'string' ? Buffer.from(value.replaceAll('-', ''), 'hex') : value,
};

/** Undefined for the parameters that the specification calls invalid. */
function decimal({ type, size, precision, scale = 0 }: Attributes): Conversion | undefined {
  const isValid =
    (type === 'bytes' || type === 'fixed') &&
    isCount(precision) &&
    precision > 0 &&
    isCount(scale) &&
    scale <= precision;
  if (!isValid) return undefined;
  const length = type === 'fixed' ? (size as number) : undefined;
  return {
    decode: (base) => new Big(`${toInteger(base as Buffer)}e-${scale}`),
    encode: (value) => (value instanceof Big ? toBytes(value, scale, length) : value),
  };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Two's complement, big-endian. */
function toInteger(bytes: Buffer): number | bigint {
  if (bytes.length === 0 || bytes.length > decimalBytesLimit) {
    throw new RangeError(`a decimal of ${bytes.length} bytes`);
  }
  if (bytes.length <= 6) return bytes.readIntBE(0, bytes.length);
  return BigInt.asIntN(bytes.length * 8, BigInt(`0x${bytes.toString('hex')}`));
}

/** The fewest bytes that hold the value with this scale, or exactly `size`; throws where it does not fit. */
function toBytes(value: Big, scale: number, size: number | undefined): Buffer {
  if (!value.round(scale).eq(value)) {
    throw new RangeError(`${value} has more than ${scale} digits after the point`);
  }
  const unscaled = BigInt(value.times(new Big(10).pow(scale)).toFixed(0));
  // One bit more than the magnitude, for the sign.
  const magnitude = unscaled < 0n ? -unscaled - 1n : unscaled;
  const fewest = Math.floor(magnitude.toString(2).length / 8) + 1;
  const length = size ?? fewest;
  if (fewest > length) throw new RangeError(`${value} does not fit into ${length} bytes`);
  const hex = BigInt.asUintN(length * 8, unscaled).toString(16);
  return Buffer.from(hex.padStart(length * 2, '0'), 'hex');
}
