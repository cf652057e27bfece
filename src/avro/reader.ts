import type { Type } from 'avsc';
import type { Big } from 'big.js';
import { toError } from '../errors.ts';
import { kindsOf, type RecordType, recordsIn } from './avscType.ts';
import { UndecodableError, UnreadableSchemaError } from './errors.ts';
import { findMissingPath, type MissingPath } from './paths.ts';
import { compileProjection } from './projection.ts';
import { type AvroSchema, readableType } from './schema.ts';

export type { MissingPath };

/**
 * A value of an event. A union is its branch's value, an enum its symbol, a long a bigint only where a number
 * would not be exact. Logical types: a decimal is a Big, dates and timestamps are a Date (cut to the
 * millisecond), a uuid is a string, others are their base value. Maps have no prototype.
 */
export type FieldValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Buffer
  | Big
  | Date
  | readonly FieldValue[]
  | { readonly [name: string]: FieldValue };

/** Reads the mapped fields of the events that were written with one schema. */
export interface EventReader {
  /** The name of the writer's record, with its namespace and without; of another schema, its type. */
  readonly fullName: string;
  readonly shortName: string;
  /** The paths that this schema does not have; they read as null. */
  readonly missing: readonly MissingPath[];
  /**
   * The values of one event, in the order of the paths; null where a nullable step on the way is null.
   * `payload` is the whole Avro value, without its frame. Throws UndecodableError for bytes that do not
   * follow the schema, bytes missing or left over among them.
   */
  read(payload: Buffer): FieldValue[];
}

/**
 * Compiles a writer's schema to a reader that decodes only the fields that `paths` name and skips the others.
 * Throws UnreadableSchemaError for a schema that is invalid, or a union of several records.
 */
export function compileReader(writer: AvroSchema, paths: readonly string[]): EventReader {
  const type = orUnreadable(() => readableType(writer));
  const fullName = recordOf(type)?.name ?? kindsOf(type).join(' or ');
  const missing = paths.map((path) => findMissingPath(type, path));
  const found = paths.filter((_, index) => missing[index] === undefined);
  const project = orUnreadable(() => compileProjection(type, found));
  const getters = paths.map((path, index) => (missing[index] ? () => null : getterOf(path)));
  return {
    fullName,
    shortName: fullName.slice(fullName.lastIndexOf('.') + 1),
    missing: missing.filter((path) => path !== undefined),
    read(payload) {
      try {
        const event = project(payload);
        return getters.map((get) => get(event));
      } catch (thrown) {
        // avsc has no error of its own, and hostile bytes may even use up the stack.
        const reason = `${payload.length} bytes that are no ${fullName}: ${toError(thrown).message}`;
        throw new UndecodableError(reason, { cause: thrown });
      }
    },
  };
}

function orUnreadable<Result>(compile: () => Result): Result {
  try {
    return compile();
  } catch (thrown) {
    throw new UnreadableSchemaError(undefined, toError(thrown).message, { cause: thrown });
  }
}

/** The only record that the events can be; undefined where they are something else. */
function recordOf(type: Type): RecordType | undefined {
  const [record, ...others] = recordsIn(type);
  if (others.length === 0) return record;
  const names = recordsIn(type).map(({ name }) => name);
  throw new UnreadableSchemaError(
    undefined,
    `it is a union of several records (${names.join(', ')})`,
  );
}

type Fields = { readonly [name: string]: unknown } | null | undefined;

/** Finds a path's value in a projection. */
function getterOf(path: string): (event: unknown) => FieldValue {
  const names = path.split('.');
  return (event) => {
    let value = event;
    for (const name of names) value = (value as Fields)?.[name];
    return (value ?? null) as FieldValue;
  };
}
