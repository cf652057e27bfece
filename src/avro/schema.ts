import type { Type } from 'avsc';
import stripJsonComments from 'strip-json-comments';
import { ConfigurationError, toError } from '../errors.ts';
import { buildAvscType } from './avscType.ts';

/** An Avro schema, as parsed JSON; plain data that can be stored. */
export interface AvroSchema {
  readonly json: unknown;
  /** The schemas whose named types it uses, each after those that it uses itself. */
  readonly references: readonly unknown[];
}

/**
 * A schema from the text of a schema file. `where` is the file, for the message; `references` are the schemas whose
 * names it uses. Throws ConfigurationError for text that is no JSON or no Avro schema.
 */
export function parseSchema(
  text: string,
  where: string,
  references: readonly unknown[] = [],
): AvroSchema {
  const schema = { json: parseSchemaJson(text, where), references };
  try {
    readableType(schema);
  } catch (thrown) {
    const { message } = toError(thrown);
    throw new ConfigurationError([
      { severity: 'error', file: where, message: `not a valid Avro schema: ${message}` },
    ]);
  }
  return schema;
}

/**
 * The JSON of a schema file, which may have comments: Avro's own Java parser takes them. Throws ConfigurationError for
 * text that is no JSON.
 */
export function parseSchemaJson(text: string, where: string): unknown {
  try {
    // Spaces instead of them keep the place of a mistake.
    return JSON.parse(stripJsonComments(text));
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
 * Encodes values as bare Avro, for producers. Takes what a reader gives back (Instant, Big, bigint), a Date, or base
 * values (numbers, Buffers); values of a union with several records or several numbers stand in an object
 * under the branch's name, as in Avro's JSON encoding. Throws for a value that does not fit the schema.
 */
export function encoder(schema: AvroSchema): (value: unknown) => Buffer {
  const type = buildAvscType(schema.json, schema.references, 'write');
  return (value) => type.toBuffer(value);
}

/** The schema in Parsing Canonical Form, which says all that the bytes depend on, and nothing else. */
export function canonicalForm(schema: AvroSchema): string {
  return JSON.stringify(readableType(schema).schema());
}

/** What reading does not need; a mistake in it must not make events unreadable. */
const unneeded: ReadonlySet<string> = new Set(['default', 'doc', 'order']);

/** A type that says what was written with the schema. Throws avsc's errors for an invalid schema. */
export function readableType({ json, references }: AvroSchema): Type {
  const [main, ...others] = [json, ...references].map((schema): unknown =>
    JSON.parse(JSON.stringify(schema, keepNeeded)),
  );
  return buildAvscType(main, others, 'read');
}

function keepNeeded(key: string, value: unknown): unknown {
  if (key === 'aliases') return Array.isArray(value) ? value.filter(isName) : undefined;
  return unneeded.has(key) ? undefined : value;
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/.test(value);
}
