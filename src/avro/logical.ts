import avsc from 'avsc';
import { logicalTypeOf } from './connectTypes.ts';
import type { Base, Conversion } from './conversion.ts';
import { type Attributes, bigDecimal, decimal, variableScaleDecimal } from './decimal.ts';
import type { Duration } from './fieldValue.ts';
import { Instant } from './instant.ts';

const millisecondsOfDay = 86_400_000;

type Schema = ConstructorParameters<typeof avsc.types.LogicalType>[0];

/** A type whose values are converted. */
export class Converted extends avsc.types.LogicalType {
  readonly conversion: Conversion;

  constructor(schema: object, options: unknown, conversion: Conversion) {
    super(
      { ...schema, logicalType: undefined, 'connect.name': undefined } as unknown as Schema,
      options,
    );
    this.conversion = conversion;
  }

  protected override _fromValue(value: Base): unknown {
    return this.conversion.decode(value);
  }

  protected override _toValue(value: unknown): unknown {
    return this.conversion.encode(value);
  }
}

/**
 * How values of a logical type are converted; undefined for one that is unknown or does not fit its base type,
 * which the specification says to ignore: https://avro.apache.org/docs/1.12.0/specification/#logical-types
 */
export function conversionOf(schema: object): Conversion | undefined {
  const { type, size }: Attributes = schema;
  switch (logicalTypeOf(schema)) {
    case 'decimal':
      return decimal(schema);
    case 'big-decimal':
      return type === 'bytes' ? bigDecimal : undefined;
    case 'variable-scale-decimal':
      return variableScaleDecimal(schema);
    case 'duration':
      return type === 'fixed' && size === 12 ? duration : undefined;
    case 'uuid':
      return type === 'fixed' && size === 16 ? uuid : undefined;
    case 'date':
      return type === 'int' ? date : undefined;
    case 'timestamp-millis':
    case 'local-timestamp-millis':
      return type === 'long' ? timestampMillis : undefined;
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

/** The last that a Date can be, in milliseconds since 1970. */
const lastDate = 8.64e15;

const date: Conversion = {
  decode: (base) => toInstant(Number(base) * millisecondsOfDay),
  encode: (value) => {
    const milliseconds = millisecondsOf(value);
    return milliseconds === undefined ? value : Math.floor(milliseconds / millisecondsOfDay);
  },
};

function timestamp(unitsOfMillisecond: number): Conversion {
  return {
    decode: (base) => toInstant(floorDivide(base as number | bigint, unitsOfMillisecond)),
    encode: (value) => {
      const milliseconds = millisecondsOf(value);
      return milliseconds === undefined ? value : BigInt(milliseconds) * BigInt(unitsOfMillisecond);
    },
  };
}

/** The commonest, without a division. */
const timestampMillis: Conversion = {
  ...timestamp(1),
  decode: (base) => toInstant(Number(base)),
};

function millisecondsOf(value: unknown): number | undefined {
  if (value instanceof Instant) return value.milliseconds;
  return value instanceof Date ? value.getTime() : undefined;
}

function toInstant(milliseconds: number): Instant {
  if (Math.abs(milliseconds) > lastDate) {
    throw new RangeError(`${milliseconds} ms since 1970 is beyond any date`);
  }
  return new Instant(milliseconds);
}

function floorDivide(value: number | bigint, divisor: number): number {
  if (typeof value === 'number') return Math.floor(value / divisor);
  const quotient = value / BigInt(divisor);
  return Number(value % BigInt(divisor) < 0n ? quotient - 1n : quotient);
}

/** Three numbers of 32 bits, the lowest byte first. */
const duration: Conversion = {
  decode: (base) => {
    const bytes = base as Buffer;
    return {
      months: bytes.readUInt32LE(0),
      days: bytes.readUInt32LE(4),
      milliseconds: bytes.readUInt32LE(8),
    };
  },
  encode: (value) => {
    if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value;
    const { months, days, milliseconds } = value as Duration;
    return Buffer.from(Uint32Array.of(months, days, milliseconds).buffer);
  },
};

const uuid: Conversion = {
  decode: (base) =>
    (base as Buffer).toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
  encode: (value) =>
    typeof value === 'string' ? Buffer.from(value.replaceAll('-', ''), 'hex') : value,
};
