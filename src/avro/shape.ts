/** How bytes that follow a schema are laid out: names resolved, unions flat; recursive where the schema is. */
export type Shape =
  | PrimitiveShape
  | FixedShape
  | EnumShape
  | ArrayShape
  | MapShape
  | UnionShape
  | RecordShape;

export interface PrimitiveShape {
  readonly kind: 'null' | 'boolean' | 'int' | 'long' | 'float' | 'double' | 'string' | 'bytes';
  readonly logical?: LogicalType;
}

export interface FixedShape {
  readonly kind: 'fixed';
  readonly size: number;
  readonly logical?: LogicalType;
}

export interface EnumShape {
  readonly kind: 'enum';
  readonly symbols: readonly string[];
}

export interface ArrayShape {
  readonly kind: 'array';
  readonly items: Shape;
}

export interface MapShape {
  readonly kind: 'map';
  readonly values: Shape;
}

export interface UnionShape {
  readonly kind: 'union';
  readonly branches: readonly Shape[];
}

export interface RecordShape {
  readonly kind: 'record';
  /** With the namespace. */
  readonly fullName: string;
  readonly fields: readonly FieldShape[];
}

export interface FieldShape {
  readonly name: string;
  readonly shape: Shape;
}

/** What a value means beyond its bytes; attributes as the schema has them, unchecked. */
export interface LogicalType {
  readonly name: string;
  readonly precision: unknown;
  readonly scale: unknown;
}

/** The record that a schema is about, also where it may be null; undefined when it is about something else. */
export function recordOf(shape: Shape): RecordShape | undefined {
  if (shape.kind === 'record') return shape;
  if (shape.kind !== 'union') return undefined;
  const [only, ...others] = shape.branches.filter((branch) => branch.kind !== 'null');
  return only?.kind === 'record' && others.length === 0 ? only : undefined;
}
