/** One step of a path: a field of a record or a key of a map, an item of an array, or all items of an array. */
export type Step =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'item'; readonly index: number }
  | { readonly kind: 'items' };

/** A text is no path; the message says what is wrong at which of its columns, from 1. */
export class InvalidPathError extends Error {
  override readonly name = 'InvalidPathError';
}

const plainName = /[^.[\]'"\s]+/y;
const index = /0|[1-9]\d{0,8}/y;
const quotedName = /'[^']+'|"[^"]+"/y;

/**
 * Reads a path: names with dots between them (`total.amount`), `[0]` for an item of an array, `[*]` for all of
 * them, and `['a.key']` for a key of a map that has other characters. Throws InvalidPathError.
 */
export function parseFieldPath(path: string): readonly Step[] {
  const steps: Step[] = [];
  let position = 0;
  while (position < path.length || steps.length === 0) {
    const isBracket = path[position] === '[';
    if (!isBracket && steps.length > 0) {
      if (path[position] !== '.') throw invalid(path, position, 'expected a dot or [');
      position += 1;
    }
    const [step, length] = isBracket ? bracketAt(path, position) : nameAt(path, position);
    steps.push(step);
    position += length;
  }
  return steps;
}

/** The path that reads as these steps. */
export function formatFieldPath(steps: readonly Step[]): string {
  const path = steps.map((step) => {
    if (step.kind === 'item') return `[${step.index}]`;
    if (step.kind === 'items') return '[*]';
    const quote = step.name.includes("'") ? '"' : "'";
    return isPlain(step.name) ? `.${step.name}` : `[${quote}${step.name}${quote}]`;
  });
  return path.join('').replace(/^\./, '');
}

function nameAt(path: string, position: number): [Step, number] {
  const name = match(plainName, path, position);
  if (name === undefined) {
    const hint = /\s/.test(path[position] ?? '') ? "; a key with spaces is written ['a key']" : '';
    throw invalid(path, position, `expected a name${hint}`);
  }
  return [{ kind: 'name', name }, name.length];
}

function bracketAt(path: string, position: number): [Step, number] {
  const inside = position + 1;
  const text =
    (path[inside] === '*' ? '*' : undefined) ??
    match(index, path, inside) ??
    match(quotedName, path, inside);
  if (text === undefined) {
    throw invalid(path, inside, "expected a number from 0, * or a key in quotes, as in ['a.key']");
  }
  if (path[inside + text.length] !== ']') throw invalid(path, inside + text.length, 'expected ]');
  return [stepOf(text), text.length + 2];
}

function stepOf(text: string): Step {
  if (text === '*') return { kind: 'items' };
  return /^\d/.test(text)
    ? { kind: 'item', index: Number(text) }
    : { kind: 'name', name: text.slice(1, -1) };
}

function isPlain(name: string): boolean {
  return match(plainName, name, 0) === name;
}

function match(sticky: RegExp, text: string, position: number): string | undefined {
  sticky.lastIndex = position;
  return sticky.exec(text)?.[0];
}

function invalid(path: string, position: number, what: string): InvalidPathError {
  const found = position < path.length ? `, found "${path.slice(position)}"` : ', but it ends';
  return new InvalidPathError(
    `"${path}" is no path: at its column ${position + 1}, ${what}${found}`,
  );
}
