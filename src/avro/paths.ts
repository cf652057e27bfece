import avsc, { type Type } from 'avsc';
import { distance } from 'fastest-levenshtein';
import { branchesOf, fieldNamed, kindsOf, recordsIn } from './avscType.ts';
import { formatFieldPath, parseFieldPath, type Step } from './fieldPath.ts';

/** A path that a schema does not have. */
export interface MissingPath {
  /** As it was asked for. */
  readonly path: string;
  /** Its beginning, up to and with the first step that leads nowhere. */
  readonly at: string;
  /** The fields that are there instead; none where the value before has no fields. */
  readonly fields: readonly string[];
  /** A path that is there and reads almost the same. */
  readonly nearest?: string;
  /** All of it, as one sentence for a person. */
  readonly reason: string;
}

/** A step that leads nowhere: what it was asked of, and the steps around it. */
interface WrongStep {
  readonly root: Type;
  readonly steps: readonly Step[];
  readonly index: number;
  /** What the steps before it lead to. */
  readonly types: readonly Type[];
}

/** More names than these make a sentence unreadable. */
const namesShown = 20;
/** Wrong names are tried with this many others, the closest first. */
const candidatesTried = 3;

/**
 * Looks a path up in a schema, through records, maps and arrays and through unions that hold them (of several
 * branches, any that has it will do). Undefined when it is there. Throws InvalidPathError.
 */
export function findMissingPath(root: Type, path: string): MissingPath | undefined {
  const wrong = findWrongStep(root, parseFieldPath(path));
  return wrong && describe(wrong, path);
}

function findWrongStep(root: Type, steps: readonly Step[]): WrongStep | undefined {
  let types: readonly Type[] = [root];
  for (const [index, step] of steps.entries()) {
    const next = types.flatMap((type) => typesAfter(type, step));
    if (next.length === 0) return { root, steps, index, types };
    types = next;
  }
  return undefined;
}

/** The types that a step leads to; the key of a map may always be there. */
function typesAfter(type: Type, step: Step): readonly Type[] {
  const branches = branchesOf(type);
  if (branches) return branches.flatMap((branch) => typesAfter(branch, step));
  if (type instanceof avsc.types.ArrayType) return step.kind === 'name' ? [] : [type.itemsType];
  if (step.kind !== 'name') return [];
  if (type instanceof avsc.types.MapType) return [type.valuesType];
  const field = type instanceof avsc.types.RecordType ? fieldNamed(type, step.name) : undefined;
  return field ? [field.type] : [];
}

function describe(wrong: WrongStep, path: string): MissingPath {
  const { root, steps, index } = wrong;
  const fields = fieldsOf(wrong.types);
  const nearest = nearestPath(wrong);
  const hint = nearest === undefined ? '' : `; did you mean "${nearest}"?`;
  const subject = index === 0 ? 'it' : `"${formatFieldPath(steps.slice(0, index))}"`;
  const event = recordsIn(root)[0]?.name ?? 'the schema';
  return {
    path,
    at: formatFieldPath(steps.slice(0, index + 1)),
    fields,
    ...(nearest === undefined ? {} : { nearest }),
    reason: `"${path}" is not a field of ${event}: ${subject} ${whatIsThere(wrong, fields)}${hint}`,
  };
}

/** What the value is, and how paths go on from one of its kind. */
function whatIsThere({ steps, index, types }: WrongStep, fields: readonly string[]): string {
  const before = formatFieldPath(steps.slice(0, index));
  const kinds = new Set(types.flatMap(kindsOf));
  if (steps[index]?.kind !== 'name') {
    if (fields.length > 0) return `is no array: it has ${listed(fields)}`;
    if (kinds.has('map')) return `is a map, not an array: ${before}.key or ${before}['a key']`;
    return `is of type ${[...kinds].join(' or ')} and no array`;
  }
  if (types.some((type) => recordsIn(type).length > 0)) return `has ${listed(fields)}`;
  if (!kinds.has('array')) return `is of type ${[...kinds].join(' or ')} and has no fields`;
  const rest = formatFieldPath([{ kind: 'items' }, ...steps.slice(index)]).slice('[*]'.length);
  return `is an array: ${before}[0]${rest} or ${before}[*]${rest}`;
}

function fieldsOf(types: readonly Type[]): string[] {
  const records = types.flatMap(recordsIn);
  return [...new Set(records.flatMap((record) => record.fields.map(({ name }) => name)))];
}

function listed(fields: readonly string[]): string {
  if (fields.length === 0) return 'no fields';
  const more = fields.length - namesShown;
  return fields.slice(0, namesShown).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/** The path with its wrong names replaced by the closest ones that are there, where these are close enough. */
function nearestPath(wrong: WrongStep): string | undefined {
  const { root, steps, index, types } = wrong;
  const step = steps[index];
  if (step?.kind !== 'name') return undefined;
  return fieldsOf(types)
    .map((name) => ({ name, edits: distance(step.name.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, edits }) => edits <= Math.ceil(Math.max(step.name.length, name.length) / 3))
    .sort((one, other) => one.edits - other.edits)
    .slice(0, candidatesTried)
    .map(({ name }) => steps.with(index, { kind: 'name', name }))
    .map((candidate) => {
      const next = findWrongStep(root, candidate);
      return next ? nearestPath(next) : formatFieldPath(candidate);
    })
    .find((path) => path !== undefined);
}
