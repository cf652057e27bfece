import avsc, { type Type } from 'avsc';
import { BoundedArray, BoundedMap, ExactLong, PlainUnion, StrictString } from './bounds.ts';
import { Converted, conversionOf } from './logical.ts';

export type RecordType = InstanceType<typeof avsc.types.RecordType>;
type Schema = Parameters<typeof avsc.Type.forSchema>[0];
type Options = NonNullable<Parameters<typeof avsc.Type.forSchema>[1]>;

/**
 * Has avsc parse a schema, after the schemas whose names it uses, to a type for one of two purposes. Throws
 * avsc's errors, which say what is wrong with the schema.
 */
export function buildAvscType(
  schema: unknown,
  references: readonly unknown[],
  purpose: 'read' | 'write',
): Type {
  // One object for all of them: avsc keeps the names that it has met in it.
  const options = {
    registry: { ...(purpose === 'read' ? readablePrimitives : writablePrimitives) },
    typeHook: purpose === 'read' ? readingTypeHook : typeHook,
    omitRecordMethods: true,
  };
  for (const reference of references) avsc.Type.forSchema(reference as Schema, options);
  return avsc.Type.forSchema(schema as Schema, options);
}

/** The records that a value of this type can be. */
export function recordsIn(type: Type): RecordType[] {
  if (type instanceof PlainUnion) return type.types.flatMap(recordsIn);
  return type instanceof avsc.types.RecordType ? [type] : [];
}

/** The types that the records among these give a field of this name. */
export function fieldTypes(types: readonly Type[], name: string): Type[] {
  return types
    .flatMap(recordsIn)
    .flatMap(({ fields }) => fields.filter((field) => field.name === name))
    .map(({ type }) => type);
}

/** What Avro calls the type, or the branches of a union. */
export function kindsOf(type: Type): string[] {
  if (type instanceof PlainUnion) return type.types.flatMap(kindsOf);
  return [type instanceof Converted ? type.underlyingType.typeName : type.typeName];
}

/** avsc's own long takes no bigint. */
const writableLong = avsc.types.LongType.__with({
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

const writablePrimitives: Readonly<Record<string, Type>> = {
  null: new avsc.types.NullType(),
  boolean: new avsc.types.BooleanType(),
  int: new avsc.types.IntType(),
  long: writableLong,
  float: new avsc.types.FloatType(),
  double: new avsc.types.DoubleType(),
  bytes: new avsc.types.BytesType(),
  string: new avsc.types.StringType(),
};

const readablePrimitives: Readonly<Record<string, Type>> = {
  ...writablePrimitives,
  long: new ExactLong(),
  string: new StrictString(),
};

/** What "type" may say that is no name and no schema within. */
const complexTypes: ReadonlySet<unknown> = new Set([
  ...['record', 'error', 'enum', 'array', 'map', 'fixed'],
]);

/** Types that are ours before avsc's own rules apply. */
function typeHook(schema: Schema, options: Options): Type | undefined {
  if (typeof schema !== 'object' || Array.isArray(schema)) return undefined;
  const conversion = conversionOf(schema);
  if (conversion) return new Converted(schema, options, conversion);
  const { type } = schema as { readonly type?: unknown };
  // {"type": {"type": "string"}} and {"type": "some.Name"} are valid to Java, but not to avsc.
  const isNested = type !== undefined && !complexTypes.has(type);
  return isNested ? avsc.Type.forSchema(type as Schema, options) : undefined;
}

function readingTypeHook(schema: Schema, options: Options): Type | undefined {
  if (Array.isArray(schema)) return new PlainUnion(schema, options);
  const { type } = schema as { readonly type?: unknown };
  if (type === 'array') return new BoundedArray(schema, options);
  if (type === 'map') return new BoundedMap(schema, options);
  return typeHook(schema, options);
}
