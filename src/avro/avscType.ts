import avsc, { type Type } from 'avsc';
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
  const options: Options = { registry: named(primitives), typeHook, omitRecordMethods: true };
  // One class for all unions, however many branches of a kind they have.
  if (purpose === 'read') options.wrapUnions = 'always';
  else options.registry = named({ ...primitives, long: writableLong });
  for (const reference of references) avsc.Type.forSchema(reference as Schema, options);
  return avsc.Type.forSchema(schema as Schema, options);
}

/** Types by their names alone: in a plain object, `toString` and `constructor` would be names that are taken. */
function named(types: Readonly<Record<string, Type>>): Record<string, Type> {
  return Object.assign(Object.create(null), types);
}

/** The branches of a union. */
export function branchesOf(type: Type): readonly Type[] | undefined {
  return type instanceof avsc.types.WrappedUnionType ? type.types : undefined;
}

/** The type that a logical type stands on. */
export function baseOf(type: Type): Type {
  return type instanceof Converted ? type.underlyingType : type;
}

/** The records that a value of this type can be. */
export function recordsIn(type: Type): RecordType[] {
  const branches = branchesOf(type);
  if (branches) return branches.flatMap(recordsIn);
  return type instanceof avsc.types.RecordType ? [type] : [];
}

/** The field of this name; without one, the field that says that it had this name before. */
export function fieldNamed(
  { fields }: RecordType,
  name: string,
): RecordType['fields'][number] | undefined {
  return (
    fields.find((field) => field.name === name) ??
    fields.find((field) => field.aliases.includes(name))
  );
}

/** What Avro calls the type, or the branches of a union. */
export function kindsOf(type: Type): string[] {
  return branchesOf(type)?.flatMap(kindsOf) ?? [baseOf(type).typeName];
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

const primitives: Readonly<Record<string, Type>> = {
  null: new avsc.types.NullType(),
  boolean: new avsc.types.BooleanType(),
  int: new avsc.types.IntType(),
  long: new avsc.types.LongType(),
  float: new avsc.types.FloatType(),
  double: new avsc.types.DoubleType(),
  bytes: new avsc.types.BytesType(),
  string: new avsc.types.StringType(),
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
