import avsc, { type Type } from 'avsc';
import { type Conversion, conversionOf } from './logical.ts';
import type { FixedShape, LogicalType, PrimitiveShape } from './shape.ts';

type Schema = Parameters<typeof avsc.Type.forSchema>[0];
type Options = NonNullable<Parameters<typeof avsc.Type.forSchema>[1]>;

/**
 * Has avsc parse a schema, after the schemas whose names it uses. Throws avsc's errors, which say what is
 * wrong with the schema. Longs take a bigint too, and logical types what {@link conversionOf} says.
 */
export function buildAvscType(schema: unknown, references: readonly unknown[]): Type {
  // One object for all of them: avsc keeps the names that it has met in it.
  const options: Partial<Options> = {
    registry: {},
    logicalTypes: Object.fromEntries(logicalTypeNames.map((name) => [name, AnyLogicalType])),
    typeHook: createTypeHook(),
  };
  for (const reference of references) avsc.Type.forSchema(reference as Schema, options);
  return avsc.Type.forSchema(schema as Schema, options);
}

/** avsc keeps nothing of a logical type that it was not given a class for. */
const logicalTypeNames = [
  'decimal',
  'uuid',
  'date',
  ...['timestamp', 'local-timestamp'].flatMap((name) => [
    `${name}-millis`,
    `${name}-micros`,
    `${name}-nanos`,
  ]),
];

/** What "type" can say of a schema; anything else is a name or a schema within. */
const typeWords: ReadonlySet<string> = new Set([
  ...['null', 'boolean', 'int', 'long', 'float', 'double', 'string', 'bytes'],
  ...['fixed', 'enum', 'array', 'map', 'record', 'error'],
]);

/** A logical type with its attributes, converting what is to be written. */
export class AnyLogicalType extends avsc.types.LogicalType {
  readonly logical: LogicalType;
  readonly #conversion: Conversion | undefined;

  constructor(schema: Schema, options?: unknown) {
    super(schema, options);
    const { logicalType, precision, scale } = schema as unknown as Record<string, unknown>;
    this.logical = { name: String(logicalType), precision, scale };
    const size = this.underlyingType instanceof avsc.types.FixedType ? this.underlyingType.size : 0;
    const kind = avscKindOf(this.underlyingType) as (PrimitiveShape | FixedShape)['kind'];
    this.#conversion = conversionOf({ kind, size, logical: this.logical });
  }

  protected override _toValue(value: unknown): unknown {
    return this.#conversion === undefined ? value : this.#conversion.encode(value);
  }

  protected override _fromValue(value: unknown): unknown {
    return value;
  }
}

/** What avsc calls the type, without what is avsc's own. */
export function avscKindOf(type: Type): string {
  // A long with methods of our own is called abstract:long, an unambiguous union union:unwrapped.
  return type.typeName.replace('abstract:', '').replace(/:.*$/, '').replace('error', 'record');
}

/** avsc's own long refuses what a double cannot hold. */
const anyLong = avsc.types.LongType.__with({
  fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(),
  toBuffer: (value: bigint | number) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(value));
    return bytes;
  },
  fromJSON: (value: unknown) => value,
  toJSON: (value: unknown) => value,
  isValid: (value: unknown) =>
    typeof value === 'bigint' ? BigInt.asIntN(64, value) === value : Number.isSafeInteger(value),
  compare: (one: bigint | number, other: bigint | number) =>
    Number(one > other) - Number(one < other),
});

/** Types that are avsc's before its own rules apply. */
function createTypeHook() {
  const withinLogicalType = new Set<object>();
  return function typeHook(schema: Schema, options: Options): Type | undefined {
    if (schema === 'long') return anyLong;
    if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return undefined;
    const { type, logicalType } = schema as { type: unknown; logicalType?: unknown };
    // {"type": {"type": "string"}} and {"type": "some.Name"} are valid to Java, but not to avsc.
    const isNested = type !== undefined && !(typeof type === 'string' && typeWords.has(type));
    if (isNested) return avsc.Type.forSchema(type as Schema, options);
    if (type !== 'long') return undefined;
    // A logical type asks twice: for itself, then for the long in it.
    if (!logicalTypeNames.includes(String(logicalType)) || withinLogicalType.delete(schema))
      return anyLong;
    withinLogicalType.add(schema);
    return undefined;
  };
}
