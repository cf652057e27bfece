import { type LoadedConfig, loadConfig } from '../config/load.ts';
import { ConfigurationError, formatProblem, type Problem, toError } from '../errors.ts';
import { type Part, partsToCheck } from './checkParts.ts';
import type { CommonOptions } from './options.ts';

/** What a look at one part has shown. */
interface PartReport {
  readonly part: string;
  readonly state: 'ok' | 'warning' | 'problem';
  /** Where it is, and what is there. */
  readonly found: string;
  readonly problems: readonly Problem[];
}

/** Looks at all that `run` needs, sends nothing, and lists every problem found; 1 when one stops a run. */
export async function check({ config: file, json }: CommonOptions): Promise<number> {
  const reports = await examine(file);
  const problems = reports.flatMap((report) => report.problems);
  const isFit = problems.every(({ severity }) => severity !== 'error');
  const parts = reports.map(({ part, state, found }) => ({ part, state, found }));
  process.stdout.write(
    json
      ? `${JSON.stringify({ ok: isFit, parts, problems })}\n`
      : `${[...parts.map(formatPart), '', ...problems.map(formatProblem), verdict(file, problems)].join('\n')}\n`,
  );
  return isFit ? 0 : 1;
}

async function examine(file: string): Promise<readonly PartReport[]> {
  let loaded: LoadedConfig;
  try {
    loaded = await loadConfig(file, process.env);
  } catch (thrown) {
    return [report('configuration', file, toProblems(thrown))];
  }
  const { mappings } = loaded.config;
  const topics = new Set(mappings.map(({ topic }) => topic));
  const found = `${file}: ${count(mappings.length, 'mapping')} of ${count(topics.size, 'topic')}`;
  const parts = await Promise.all(partsToCheck.map((part) => examinePart(part, loaded)));
  return [report('configuration', found, []), ...parts];
}

async function examinePart(part: Part, loaded: LoadedConfig): Promise<PartReport> {
  const address = part.address(loaded.config);
  try {
    const { found, problems } = await part.look(loaded);
    return report(part.name, `${address}: ${found}`, problems);
  } catch (thrown) {
    const problems = toProblems(thrown).map((problem) => locateProblem(problem, part, loaded));
    return report(part.name, address, problems);
  }
}

/** A problem of a whole part stands where its address does. */
function locateProblem(problem: Problem, part: Part, { file, locate }: LoadedConfig): Problem {
  if (problem.file !== undefined) return problem;
  const setting = problem.setting ?? part.setting;
  const path = setting.split('.');
  return { ...problem, file, ...(locate(path) ?? locate(path.slice(0, 1))), setting };
}

function report(part: string, found: string, problems: readonly Problem[]): PartReport {
  const severities = new Set(problems.map(({ severity }) => severity));
  const state = severities.has('error') ? 'problem' : severities.has('warning') ? 'warning' : 'ok';
  return { part, state, found, problems };
}

function formatPart({ part, state, found }: Omit<PartReport, 'problems'>): string {
  return `${state.padEnd(8)} ${part.padEnd(13)}  ${found}`;
}

function verdict(file: string, problems: readonly Problem[]): string {
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  if (errors > 0) return `${file} is not ready to run: ${count(errors, 'problem')}`;
  const warnings = problems.length === 0 ? '' : `, with ${count(problems.length, 'warning')}`;
  return `${file} is ready to run${warnings}`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function toProblems(thrown: unknown): readonly Problem[] {
  if (thrown instanceof ConfigurationError) return thrown.problems;
  return [{ severity: 'error', message: toError(thrown).message }];
}
