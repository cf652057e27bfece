import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AvroSchema, parseSchema, parseSchemaJson } from '../avro/schema.ts';
import { definedNames, undefinedNames } from '../avro/schemaTree.ts';
import { ConfigurationError, type Problem, toError } from '../errors.ts';
import { UsageError } from './usageError.ts';

/** The schemas of a folder, and what is wrong with files that hold none. */
interface SchemaFolder {
  readonly schemas: readonly AvroSchema[];
  readonly problems: readonly Problem[];
}

/** A file that is JSON. */
interface SchemaFile {
  readonly file: string;
  readonly text: string;
  readonly json: unknown;
}

/**
 * The schemas of all `.avsc` files in a folder and the folders in it. A file may use the names of types that
 * others define. Throws UsageError for a folder that can't be read.
 */
export function readSchemaFolder(folder: string): SchemaFolder {
  const problems: Problem[] = [];
  const collect = <Result>(read: () => Result): Result[] => {
    try {
      return [read()];
    } catch (thrown) {
      if (!(thrown instanceof ConfigurationError)) throw thrown;
      problems.push(...thrown.problems);
      return [];
    }
  };
  const files = listSchemaFiles(folder).flatMap((file) => collect(() => readSchemaFile(file)));
  const schemas = files.flatMap(({ file, text, json }) =>
    collect(() => parseSchema(text, file, referencesOf(json, files, new Set([file])))),
  );
  return { schemas, problems };
}

function listSchemaFiles(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.avsc'))
      .toSorted()
      .map((name) => join(folder, name));
  } catch (thrown) {
    throw new UsageError(`--offline "${folder}" can't be read: ${toError(thrown).message}`);
  }
}

function readSchemaFile(file: string): SchemaFile {
  const text = readFileSync(file, 'utf8');
  return { file, text, json: parseSchemaJson(text, file) };
}

/** The schemas that define the names which a schema uses, each after those that it uses itself. */
function referencesOf(
  json: unknown,
  files: readonly SchemaFile[],
  seen: Set<string>,
): readonly unknown[] {
  const needed = undefinedNames({ json, references: [] });
  return needed.flatMap((name) => {
    const definer = files.find((other) =>
      definedNames({ json: other.json, references: [] }).includes(name),
    );
    if (!definer || seen.has(definer.file)) return [];
    seen.add(definer.file);
    return [...referencesOf(definer.json, files, seen), definer.json];
  });
}
