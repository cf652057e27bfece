import avsc, { type Type } from 'avsc';
import { ConfigurationError, toError } from '../errors.ts';
import { AnyLogicalType, avscKindOf, buildAvscType } from './avscType.ts';
import type { FieldShape, LogicalType, PrimitiveShape, RecordShape, Shape } from './shape.ts';

/** An Avro schema, as parsed JSON; plain data that can be stored. */
export interface AvroSchema {
  readonly json: unknown;
  /** The schemas whose named types it uses, each after those that it uses itself. */
  readonly references: readonly unknown[];
}

/**
 * A schema from the text of a schema file. `where` is the file, for the message. Throws ConfigurationError for
 * text that is no JSON or no Avro schema.
 */
export function parseSchema(text: string, where: string): AvroSchema {
  const schema = { json: parseJson(text, where), references: [] };
  try {
    shapeOf(schema);
  } catch (thrown) {
    const { message } = toError(thrown);
    throw new ConfigurationError([
      { severity: 'error', file: where, message: `not a valid Avro schema: ${message}` },
    ]);
  }
  return schema;
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (thrown) {
    const { message } = toError(thrown);
    const [, line, column] = /\(line (\d+) column (\d+)\)/.exec(message) ?? [];
    throw new ConfigurationError([
      {
        severity: 'error',
        file: where,
        ...(line === undefined ? {} : { line: Number(line), column: Number(column) }),
        message: `not JSON, so not an Avro schema: ${message}`,
      },
    ]);
  }
}

/**
 * Encodes values as bare Avro, for producers. Takes what a reader gives back (Date, Big, bigint), or base
 * values (numbers, Buffers); values of a union with several records or several numbers stand in an object
 * under the branch's name, as in Avro's JSON encoding. Throws for a value that does not fit the schema.
 */
export function encoder(schema: AvroSchema): (value: unknown) => Buffer {
  const type = buildAvscType(schema.json, schema.references);
  return (value) => type.toBuffer(value);
}

/** The schema in Parsing Canonical Form, which says all that the bytes depend on, and nothing else. */
export function canonicalForm(schema: AvroSchema): string {
  return JSON.stringify(readableType(schema).schema());
}

/** How the bytes of the schema's values are laid out. Throws avsc's errors for an invalid schema. */
export function shapeOf(schema: AvroSchema): Shape {
  return toShape(readableType(schema), new Map());
}

/** What reading does not need; a mistake in it must not make events unreadable. */
const unneeded: ReadonlySet<string> = new Set(['aliases', 'default', 'doc', 'order']);

function readableType({ json, references }: AvroSchema): Type {
  const [main, ...others] = [json, ...references].map((schema): unknown =>
    JSON.parse(JSON.stringify(schema, (key, value) => (unneeded.has(key) ? undefined : value))),
  );
  return buildAvscType(main, others);
}

/** `known` holds the records that have been met: one may hold itself. */
function toShape(type: Type, known: Map<Type, RecordShape>, logical?: LogicalType): Shape {
  const { RecordType, ArrayType, MapType, EnumType, FixedType } = avsc.types;
  if (type instanceof AnyLogicalType) return toShape(type.underlyingType, known, type.logical);
  if (type instanceof RecordType) return known.get(type) ?? toRecordShape(type, known);
  if (type instanceof ArrayType) return { kind: 'array', items: toShape(type.itemsType, known) };
  if (type instanceof MapType) return { kind: 'map', values: toShape(type.valuesType, known) };
  if (type instanceof EnumType) return { kind: 'enum', symbols: type.symbols };
  const attributes = logical === undefined ? {} : { logical };
  if (type instanceof FixedType) return { kind: 'fixed', size: type.size, ...attributes };
  const kind = avscKindOf(type);
  if (kind === 'union') {
    const { types } = type as InstanceType<typeof avsc.types.WrappedUnionType>;
    return { kind, branches: types.map((branch) => toShape(branch, known)) };
  }
  return { kind: kind as PrimitiveShape['kind'], ...attributes };
}

function toRecordShape(
  type: InstanceType<typeof avsc.types.RecordType>,
  known: Map<Type, RecordShape>,
): RecordShape {
  const fields: FieldShape[] = [];
  const record: RecordShape = { kind: 'record', fullName: type.name ?? '', fields };
  known.set(type, record);
  for (const { name, type: fieldType } of type.fields) {
    fields.push({ name, shape: toShape(fieldType, known) });
  }
  return record;
}
