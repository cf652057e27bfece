import { z } from 'zod';
import { configSchema } from './schema.ts';

/** The part of JSON Schema (draft-07) that the configuration needs. */
export type JsonSchema = z.core.JSONSchema.BaseSchema;

/** The configuration as it may be written, before variables are replaced. */
export function describeSettings(): JsonSchema {
  return z.toJSONSchema(configSchema, { io: 'input', target: 'draft-07' });
}

/**
 * The JSON Schema for editors (`# yaml-language-server: $schema=…`): the settings, and a reference to a
 * variable wherever something else than any text is wanted.
 */
export function createEditorSchema(): JsonSchema {
  const { $schema, ...settings } = describeSettings();
  return {
    $schema,
    title: 'Configuration of powerspace-connector',
    ...allowReferences(settings),
  } as JsonSchema;
}

const reference: JsonSchema = { type: 'string', pattern: '\\$\\{' };

function allowReferences(schema: JsonSchema): JsonSchema {
  const alternatives = schema.anyOf?.map(asSchema);
  const result: JsonSchema = { ...schema };
  if (schema.properties) result.properties = mapValues(schema.properties, allowReferences);
  if (schema.oneOf) result.oneOf = schema.oneOf.map((option) => allowReferences(asSchema(option)));
  if (isSchema(schema.items)) result.items = allowReferences(schema.items);
  if (isSchema(schema.additionalProperties))
    result.additionalProperties = allowReferences(schema.additionalProperties);
  if (alternatives) {
    result.anyOf = alternatives.map((option) =>
      isNarrow(option) ? option : allowReferences(option),
    );
    if (alternatives.some(isNarrow)) result.anyOf.push(reference);
  }
  return isNarrow(schema) ? withReference(schema) : result;
}

/** A scalar that isn't just any text. `const` is left alone: it tells which kind a mapping is. */
function isNarrow(schema: JsonSchema): boolean {
  if (schema.type === 'string') return Boolean(schema.enum ?? schema.pattern ?? schema.format);
  return schema.type === 'number' || schema.type === 'integer' || schema.type === 'boolean';
}

function withReference(schema: JsonSchema): JsonSchema {
  const { description, default: fallback, examples, ...narrow } = schema;
  const kept = { description, default: fallback, examples };
  const present = Object.entries(kept).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(present), anyOf: [narrow, reference] } as JsonSchema;
}

function mapValues(
  record: Record<string, unknown>,
  change: (schema: JsonSchema) => JsonSchema,
): Record<string, JsonSchema> {
  return Object.fromEntries(
    Object.entries(record).map(([name, value]) => [name, change(asSchema(value))]),
  );
}

/** Whether a JSON Schema's part is a schema itself, not a boolean or a list. */
export function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The schema that a part is; `true` and `false` count as one without constraints. */
export function asSchema(value: unknown): JsonSchema {
  return isSchema(value) ? value : {};
}
