import type { Type } from 'avsc';
import { distance } from 'fastest-levenshtein';
import { fieldTypes, kindsOf, recordsIn } from './avscType.ts';

/** A path that a schema does not have. */
export interface MissingPath {
  /** As it was asked for. */
  readonly path: string;
  /** Its beginning, up to and with the first name that is not there. */
  readonly at: string;
  /** The fields that are there instead; none where the value before has no fields. */
  readonly fields: readonly string[];
  /** A path that is there and reads almost the same. */
  readonly nearest?: string;
  /** All of it, as one sentence for a person. */
  readonly reason: string;
}

/** More names than these make a sentence unreadable. */
const namesShown = 20;
/** Wrong names are tried with this many others, the closest first. */
const candidatesTried = 3;

/**
 * Looks a dotted path up in a schema, through records and through unions that hold records (of several, any
 * that has it will do). Undefined when it is there.
 */
export function findMissingPath(root: Type, path: string): MissingPath | undefined {
  const names = path.split('.');
  let types: readonly Type[] = [root];
  for (const [index, name] of names.entries()) {
    const next = fieldTypes(types, name);
    if (next.length === 0) return missingAt(root, names, index, types);
    types = next;
  }
  return undefined;
}

/** `types` is what the names before `index` lead to. */
function missingAt(
  root: Type,
  names: readonly string[],
  index: number,
  types: readonly Type[],
): MissingPath {
  const path = names.join('.');
  const before = names.slice(0, index);
  const records = types.flatMap(recordsIn);
  const fields = [...new Set(records.flatMap((record) => record.fields.map(({ name }) => name)))];
  const nearest = nearestPath(root, names, index, fields);
  const subject = index === 0 ? 'it' : `"${before.join('.')}"`;
  const hint = nearest === undefined ? '' : `; did you mean "${nearest}"?`;
  return {
    path,
    at: [...before, names[index]].join('.'),
    fields,
    ...(nearest === undefined ? {} : { nearest }),
    reason: `"${path}" is not a field of ${recordsIn(root)[0]?.name ?? 'the schema'}: ${subject} ${
      records.length === 0 ? `is of type ${typeName(types)}` : `has ${listed(fields)}`
    }${hint}`,
  };
}

function typeName(types: readonly Type[]): string {
  return `${[...new Set(types.flatMap(kindsOf))].join(' or ')} and has no fields`;
}

function listed(fields: readonly string[]): string {
  if (fields.length === 0) return 'no fields';
  const more = fields.length - namesShown;
  return fields.slice(0, namesShown).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/** The path with its wrong names replaced by the closest ones that are there, where these are close enough. */
function nearestPath(
  root: Type,
  names: readonly string[],
  index: number,
  fields: readonly string[],
): string | undefined {
  const wrong = names[index] ?? '';
  return fields
    .map((name) => ({ name, edits: distance(wrong.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, edits }) => edits <= Math.ceil(Math.max(wrong.length, name.length) / 3))
    .sort((one, other) => one.edits - other.edits)
    .slice(0, candidatesTried)
    .map(({ name }) => names.with(index, name).join('.'))
    .map((path) => ({ path, missing: findMissingPath(root, path) }))
    .map(({ path, missing }) => (missing === undefined ? path : missing.nearest))
    .find((path) => path !== undefined);
}
