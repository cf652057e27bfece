import type { Type } from 'avsc';
import { toError } from '../errors.ts';
import { branchesOf, kindsOf, recordsIn } from './avscType.ts';
import { Cursor } from './cursor.ts';
import { UndecodableError, UnreadableSchemaError } from './errors.ts';
import { parseFieldPath } from './fieldPath.ts';
import type { FieldValue } from './fieldValue.ts';
import { findMissingPath, type MissingPath } from './paths.ts';
import { compileProjection, compileRecordName } from './projection.ts';
import { type AvroSchema, readableType } from './schema.ts';

export type { FieldValue, MissingPath };

/** What an event is called. */
export interface EventNames {
  /** The name of the writer's record, with its namespace and without; of another schema, its type. */
  readonly fullName: string;
  readonly shortName: string;
  /** Whether this is a name of the event: one of these two, or a name that its schema says it had before. */
  isNamed(name: string): boolean;
}

/** Reads the mapped fields of one event that was written with one schema. */
export interface EventReader extends EventNames {
  /** The paths that this schema does not have; they read as null. */
  readonly missing: readonly MissingPath[];
  /**
   * The values of one event, in the order of the paths; null where a step on the way leads to nothing, or to
   * null. From `start` on, `payload` is the whole Avro value, without its frame. Throws UndecodableError for bytes that do not
   * follow the schema, bytes missing or left over among them.
   */
  read(payload: Buffer, start?: number): FieldValue[];
}

/** The readers of a schema's events: one, or one for each branch of a union. */
export interface SchemaReaders {
  readonly events: readonly EventReader[];
  /** The place among `events` of the one that a payload holds; throws UndecodableError where that is none. */
  placeOf(payload: Buffer, start?: number): number;
}

/**
 * Compiles a writer's schema to readers that decode only the fields that are asked for and skip the others. Throws
 * UnreadableSchemaError for a schema that is invalid, and InvalidPathError.
 */
export function compileReaders(
  writer: AvroSchema,
  pathsOf: (event: EventNames) => readonly string[],
): SchemaReaders {
  const type = orUnreadable(() => readableType(writer));
  const branches = branchesOf(type);
  if (!branches) return { events: [compileReader(type, undefined, pathsOf)], placeOf: () => 0 };
  return {
    events: branches.map((branch) => compileReader(branch, branches.length, pathsOf)),
    placeOf(payload, start = 0) {
      try {
        return new Cursor().open(payload, start).readBranch(branches.length);
      } catch (thrown) {
        throw undecodable(payload.length - start, branches.flatMap(kindsOf).join(' or '), thrown);
      }
    },
  };
}

/**
 * Compiles what tells the full name of the record to which a path leads, where that can be one of several; undefined
 * where it leads to no record. Throws as `compileReaders`; what it returns throws UndecodableError.
 */
export function compileRecordNameReader(
  writer: AvroSchema,
  path: string,
): (payload: Buffer, start?: number) => string | undefined {
  const type = orUnreadable(() => readableType(writer));
  const visit = orUnreadable(() => compileRecordName(type, parseFieldPath(path)));
  return (payload, start = 0) => {
    const cursor = new Cursor().open(payload, start);
    const values: FieldValue[] = [null];
    try {
      visit(cursor, values);
    } catch (thrown) {
      throw undecodable(payload.length - start, kindsOf(type).join(' or '), thrown);
    }
    return typeof values[0] === 'string' ? values[0] : undefined;
  };
}

/** `branches` is of how many branches of a union the type is one. */
function compileReader(
  type: Type,
  branches: number | undefined,
  pathsOf: (event: EventNames) => readonly string[],
): EventReader {
  const names = namesOf(type);
  const paths = pathsOf(names);
  const missing = paths.map((path) => findMissingPath(type, path));
  const nothing = paths.map((): FieldValue => null);
  const visit = orUnreadable(() => compileProjection(type, paths.map(parseFieldPath)));
  // One for all events: a new one for each would be the largest thing that is made for it.
  const cursor = new Cursor();
  const failed = (length: number, thrown: unknown) => {
    cursor.close();
    return undecodable(length, names.fullName, thrown);
  };
  return {
    ...names,
    missing: missing.filter((path) => path !== undefined),
    read(payload, start = 0) {
      const values = nothing.slice();
      cursor.open(payload, start);
      try {
        if (branches !== undefined) cursor.readBranch(branches);
        visit(cursor, values);
        cursor.end();
      } catch (thrown) {
        throw failed(payload.length - start, thrown);
      }
      cursor.close();
      return values;
    },
  };
}

function namesOf(type: Type): EventNames {
  const record = recordsIn(type)[0];
  const fullName = record?.name ?? kindsOf(type).join(' or ');
  const names = [fullName, ...(record?.aliases ?? [])].flatMap((name) => [name, shorten(name)]);
  return { fullName, shortName: shorten(fullName), isNamed: (name) => names.includes(name) };
}

function shorten(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

function orUnreadable<Result>(compile: () => Result): Result {
  try {
    return compile();
  } catch (thrown) {
    throw new UnreadableSchemaError(undefined, toError(thrown).message, { cause: thrown });
  }
}

function undecodable(length: number, name: string, thrown: unknown): UndecodableError {
  const reason = `${length} bytes that are no ${name}: ${toError(thrown).message}`;
  return new UndecodableError(reason, { cause: thrown });
}
