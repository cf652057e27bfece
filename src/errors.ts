/**
 * A part that is needed cannot serve now (database, registry, broker): the same work is worth trying
 * again later, unchanged. Nothing is wrong with the record at hand.
 */
export class UnavailableError extends Error {
  override readonly name = 'UnavailableError';
  /** The part, as a person would call it: `schema registry at http://localhost:8081`. */
  readonly part: string;

  constructor(part: string, detail: string, options?: ErrorOptions) {
    super(`${part}: ${detail}`, options);
    this.part = part;
  }
}

/** One thing that is wrong with a setting, a schema or a part, and where. */
export interface Problem {
  /** `error` stops the connector from starting; `warning` does not. */
  readonly severity: 'error' | 'warning';
  /** What is wrong and what to do about it, in one sentence. */
  readonly message: string;
  /** File, and line and column (from 1), where the problem stands in a file. */
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  /** The setting, as a dotted path: `mappings[0].value.amount`. */
  readonly setting?: string;
}

/** Sorts problems as they stand in a file, from its top down. */
export function byPlace(one: Problem, other: Problem): number {
  return (one.line ?? 0) - (other.line ?? 0) || (one.column ?? 0) - (other.column ?? 0);
}

/** What the user set up cannot work as it is; carries every problem found, not just the first. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(formatProblem).join('\n'));
    this.problems = problems;
  }
}

/** `connector.yaml:12:5: error: mappings[0].topic: …`, the shape that editors' problem matchers read. */
export function formatProblem(problem: Problem): string {
  const place = [problem.file, problem.line, problem.column].filter((part) => part !== undefined);
  return [place.join(':'), problem.severity, problem.setting, problem.message]
    .filter((part) => part !== undefined && part !== '')
    .join(': ');
}

/** The error that a thrown value is; whatever else was thrown becomes the message of one. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
