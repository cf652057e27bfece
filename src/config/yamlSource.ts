import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type Scalar,
  visit,
} from 'yaml';
import type { SettingPath } from './settingPath.ts';
import { maskReferences, unmaskReferences } from './variables.ts';
import { explainYamlError } from './yamlErrors.ts';

/** Line and column, from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Where and how a text breaks the rules of YAML. */
interface SyntaxProblem extends Place {
  readonly message: string;
}

/** A text or number of the file, which may be changed before the values are read. */
interface SourceScalar {
  readonly path: SettingPath;
  readonly node: Scalar;
}

/** A parsed YAML file whose values can still be found in its text. */
export interface YamlSource {
  readonly syntaxProblems: readonly SyntaxProblem[];
  scalars(): readonly SourceScalar[];
  /** The values as plain objects, lists and scalars, as they stand now. */
  toValue(): unknown;
  /** The scalar at a path, also where the path goes on inside it: `user[0]` of `user: id`. */
  scalarAt(path: SettingPath): Scalar | undefined;
  /** Where the value of a setting begins; undefined when the setting isn't in the file. */
  locate(path: SettingPath): Place | undefined;
  /** Where the name of a setting begins; undefined as above. */
  locateName(path: SettingPath): Place | undefined;
}

/**
 * Reads one YAML 1.2 document. Variable references are taken as text wherever they stand, also in flow
 * collections, where YAML would read the braces as its own.
 */
export function parseYaml(text: string): YamlSource {
  const lines = new LineCounter();
  const document = parseDocument(maskReferences(text), {
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
    logLevel: 'error',
  });
  const placeOf = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const syntaxProblems = findSyntaxProblems(document).map(({ offset, message }) => ({
    ...placeOf(offset),
    message,
  }));
  unmask(document);
  const locate = (node: Node | null | undefined) =>
    node?.range ? placeOf(node.range[0]) : undefined;
  return {
    syntaxProblems,
    scalars: () => findScalars(document),
    toValue: () => document.toJS({ maxAliasCount: -1 }),
    scalarAt: (path) => {
      const node = follow(document, path)?.value;
      const target = isAlias(node) ? node.resolve(document) : node;
      return isScalar(target) ? target : undefined;
    },
    locate: (path) => locate(follow(document, path)?.value),
    locateName: (path) => locate(follow(document, path)?.name),
  };
}

interface Found {
  readonly offset: number;
  readonly message: string;
}

/** The first error, as later ones are mostly its echoes; but every name that stands twice. */
function findSyntaxProblems(document: Document.Parsed): Found[] {
  const errors = [...document.errors, ...document.warnings].toSorted((a, b) => a.pos[0] - b.pos[0]);
  const first = errors.find((error) => error.code !== 'DUPLICATE_KEY');
  const duplicates = errors.filter((error) => error.code === 'DUPLICATE_KEY');
  const found = (first ? [...duplicates, first] : duplicates).map((error) => ({
    offset: error.pos[0],
    message: explainYamlError(error),
  }));
  return found.length > 0 ? found : findBrokenAliases(document);
}

function findBrokenAliases(document: Document.Parsed): Found[] {
  const aliases: Alias[] = [];
  visit(document, {
    Alias: (_key, alias) => {
      if (alias.resolve(document) === undefined) aliases.push(alias);
    },
  });
  return aliases.map((alias) => ({
    offset: alias.range?.[0] ?? 0,
    message: explainYamlError({ code: 'BAD_ALIAS', message: '' }),
  }));
}

function unmask(document: Document.Parsed): void {
  visit(document, {
    Scalar: (_key, scalar) => {
      if (typeof scalar.value === 'string') scalar.value = unmaskReferences(scalar.value);
    },
  });
}

function findScalars(document: Document.Parsed): SourceScalar[] {
  const found: SourceScalar[] = [];
  visit(document, {
    Scalar: (key, node, ancestors) => {
      if (key !== 'key') found.push({ node, path: pathOf([...ancestors, node]) });
    },
  });
  return found;
}

function pathOf(nodes: readonly unknown[]): SettingPath {
  return nodes.flatMap((node, index): (string | number)[] => {
    const next = nodes[index + 1];
    if (isPair(node)) return [nameOf(node)];
    return isSeq(node) ? [node.items.indexOf(next)] : [];
  });
}

function nameOf(pair: Pair): string {
  return String(isScalar(pair.key) ? pair.key.value : pair.key);
}

interface Followed {
  readonly name: Node | null;
  readonly value: Node | null;
}

function follow(document: Document.Parsed, path: SettingPath): Followed | undefined {
  let current: Followed = { name: null, value: document.contents };
  for (const part of path) {
    const node = isAlias(current.value) ? current.value.resolve(document) : current.value;
    if (isScalar(node)) return current;
    const next = step(node, part);
    if (next === undefined) return undefined;
    current = next;
  }
  return current;
}

function step(node: unknown, part: string | number): Followed | undefined {
  if (isMap<Node, Node | null>(node)) {
    const pair = node.items.find((item) => nameOf(item) === String(part));
    return pair && { name: pair.key, value: pair.value ?? pair.key };
  }
  if (isSeq<Node>(node)) {
    const item = node.items[Number(part)];
    return item && { name: item, value: item };
  }
  return undefined;
}
