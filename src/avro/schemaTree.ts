import { logicalTypeOf } from './connectTypes.ts';
import { parseFieldPath, type Step } from './fieldPath.ts';
import { conversionOf } from './logical.ts';
import type { AvroSchema } from './schema.ts';

/** What stands at a place in a schema; of a union, one of its branches. */
export interface SchemaType {
  /** What Avro calls it: `record`, `long`, `enum`. */
  readonly kind: string;
  readonly logicalType: string | undefined;
  /** A logical type that it says and that does not fit it, so that its values are plain ones. */
  readonly ignoredType: string | undefined;
  /** Of a record, an enum and a fixed, with its namespace. */
  readonly name: string | undefined;
  /** Names that it had before, with their namespaces. */
  readonly aliases: readonly string[];
  /** Of an enum. */
  readonly symbols: readonly string[];
}

/** A part of a schema, and the namespace in which its names are meant. */
interface Part {
  readonly json: unknown;
  readonly namespace: string;
}

/** A type, and the way into it. */
interface Node extends SchemaType {
  readonly inner: (step: Step) => readonly Part[];
}

/**
 * What stands at a path, a type for each branch of the unions there; none where the schema has no such path.
 * Without a path: what stands at its top. Takes any valid schema, and says of an invalid one what it can.
 */
export function typesAt(schema: AvroSchema, path?: string): readonly SchemaType[] {
  const named = indexNames(schema);
  let nodes = resolve({ json: schema.json, namespace: '' }, named);
  for (const step of path === undefined ? [] : parseFieldPath(path)) {
    nodes = nodes.flatMap(({ inner }) => inner(step)).flatMap((part) => resolve(part, named));
  }
  return nodes;
}

/** The names that a schema uses and neither it nor its references define. */
export function undefinedNames(schema: AvroSchema): readonly string[] {
  const used: string[] = [];
  const named = indexNames(schema, (name) => used.push(name));
  return [...new Set(used)].filter((name) => !named.has(name));
}

/** The names of the types that a schema defines. */
export function definedNames(schema: AvroSchema): readonly string[] {
  return [...indexNames(schema).keys()];
}

const primitives: ReadonlySet<unknown> = new Set([
  ...['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string'],
]);

/** As JSON has it; unchecked. */
interface Attributes {
  readonly type?: unknown;
  readonly name?: unknown;
  readonly namespace?: unknown;
  readonly aliases?: unknown;
  readonly fields?: unknown;
  readonly symbols?: unknown;
  readonly items?: unknown;
  readonly values?: unknown;
}

function resolve(part: Part, named: ReadonlyMap<string, Part>): readonly Node[] {
  const { json, namespace } = part;
  if (Array.isArray(json)) {
    return json.flatMap((branch: unknown) => resolve({ json: branch, namespace }, named));
  }
  if (typeof json === 'string') {
    if (primitives.has(json)) return [toNode(json, {}, part)];
    const defined = named.get(fullNameOf(json, namespace));
    return defined ? resolve(defined, named) : [];
  }
  const { type, ...attributes } = Object(json) as Attributes;
  if (typeof type !== 'string') return resolve({ json: type, namespace }, named);
  const isComplex = complexTypes.has(type);
  if (!isComplex && !primitives.has(type)) return resolve({ json: type, namespace }, named);
  return [toNode(type, attributes, part)];
}

const complexTypes: ReadonlySet<string> = new Set([
  ...['record', 'error', 'enum', 'array', 'map', 'fixed'],
]);

/** Logical types whose values are not those of the type they stand on. */
const convertible = /decimal$|^date$|timestamp-/;

function toNode(kind: string, attributes: Attributes, { namespace }: Part): Node {
  const { symbols } = attributes;
  const logicalType = logicalTypeOf(attributes);
  const isFit = conversionOf({ ...attributes, type: kind }) !== undefined;
  const isIgnored = !isFit && kind !== 'string' && convertible.test(String(logicalType));
  const name = nameOf(attributes, namespace);
  const inside = name === undefined ? namespace : namespaceOf(name);
  return {
    kind: kind === 'error' ? 'record' : kind,
    logicalType: typeof logicalType === 'string' && !isIgnored ? logicalType : undefined,
    ignoredType: isIgnored ? String(logicalType) : undefined,
    name,
    aliases: textsOf(attributes.aliases).map((alias) => fullNameOf(alias, inside)),
    symbols: textsOf(symbols),
    inner: (step) => innerOf(attributes, step).map((json) => ({ json, namespace: inside })),
  };
}

function innerOf({ fields, items, values }: Attributes, step: Step): readonly unknown[] {
  if (items !== undefined) return step.kind === 'name' ? [] : [items];
  if (step.kind !== 'name') return [];
  if (values !== undefined) return [values];
  const own = fieldsOf(fields);
  const field =
    own.find(({ name }) => name === step.name) ??
    own.find(({ aliases }) => textsOf(aliases).includes(step.name));
  return field ? [field.type] : [];
}

function textsOf(list: unknown): readonly string[] {
  return Array.isArray(list) ? list.map(String) : [];
}

function fieldsOf(fields: unknown): readonly Attributes[] {
  return Array.isArray(fields) ? fields.map((field) => Object(field) as Attributes) : [];
}

/** Every named type within a schema and its references. */
function indexNames(
  { json, references }: AvroSchema,
  onUse: (name: string) => void = () => {},
): ReadonlyMap<string, Part> {
  const named = new Map<string, Part>();
  const visit = (part: unknown, namespace: string): void => {
    if (typeof part === 'string') {
      if (!primitives.has(part)) onUse(fullNameOf(part, namespace));
    } else if (Array.isArray(part)) {
      for (const branch of part) visit(branch, namespace);
    } else {
      visitType(Object(part) as Attributes, namespace);
    }
  };
  const visitType = (attributes: Attributes, namespace: string): void => {
    const { type, fields, items, values } = attributes;
    const name = nameOf(attributes, namespace);
    const inside = name === undefined ? namespace : namespaceOf(name);
    if (name !== undefined) named.set(name, { json: attributes, namespace });
    else if (type !== undefined && !complexTypes.has(type as string)) visit(type, namespace);
    for (const field of fieldsOf(fields)) visit(field.type, inside);
    if (items !== undefined) visit(items, inside);
    if (values !== undefined) visit(values, inside);
  };
  for (const schema of [...references, json]) visit(schema, '');
  return named;
}

/** The full name of a named type; undefined for a type without a name. */
function nameOf({ name, namespace }: Attributes, outer: string): string | undefined {
  if (typeof name !== 'string') return undefined;
  return fullNameOf(name, typeof namespace === 'string' ? namespace : outer);
}

function fullNameOf(name: string, namespace: string): string {
  return name.includes('.') || namespace === '' ? name : `${namespace}.${name}`;
}

function namespaceOf(fullName: string): string {
  return fullName.slice(0, Math.max(fullName.lastIndexOf('.'), 0));
}
