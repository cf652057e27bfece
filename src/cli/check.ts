import { examineConfig, type LoadedConfig } from '../config/load.ts';
import { byPlace, ConfigurationError, formatProblem, type Problem, toError } from '../errors.ts';
import type { Rehearsed } from '../pipeline/rehearsal.ts';
import type { CheckSession, Part } from './checkedPart.ts';
import { offlinePart } from './checkOffline.ts';
import { partsToCheck, startSession } from './checkParts.ts';
import { formatSample, readSampleSize, takeSample } from './checkSample.ts';
import type { CheckOptions } from './options.ts';
import { UsageError } from './usageError.ts';

/** What a look at one part has shown. */
interface PartReport {
  readonly part: string;
  readonly state: 'ok' | 'warning' | 'problem';
  /** Where it is, and what is there. */
  readonly found: string;
  readonly problems: readonly Problem[];
  readonly notes: readonly string[];
}

/** What a check has shown. */
interface CheckReport {
  readonly parts: readonly PartReport[];
  /** Undefined where none was asked for, or none could be taken. */
  readonly sample: readonly Rehearsed[] | undefined;
}

/** Looks at all that `run` needs, sends nothing, and lists every problem found; 1 when one stops a run. */
export async function check(options: CheckOptions): Promise<number> {
  const { config: file, json, sample: sampleSize, offline } = options;
  const size = sampleSize === undefined ? undefined : readSampleSize(sampleSize);
  if (size !== undefined && offline !== undefined) {
    throw new UsageError('--sample reads records from Kafka, which --offline does without');
  }
  const { parts: reports, sample } = await examine(file, offline, size);
  const problems = reports.flatMap((report) => report.problems).toSorted(byPlace);
  const isFit = problems.every(({ severity }) => severity !== 'error');
  const parts = reports.map(({ problems: _, ...part }) => part);
  const lines = [
    ...parts.flatMap(formatPart),
    ...(sample && size !== undefined ? formatSample(size, sample) : []),
    '',
    ...problems.map(formatProblem),
    verdict(file, problems),
  ];
  const result = { ok: isFit, parts, problems, ...(sample && { sample }) };
  process.stdout.write(`${json ? JSON.stringify(result) : lines.join('\n')}\n`);
  return isFit ? 0 : 1;
}

async function examine(
  file: string,
  offline: string | undefined,
  size: number | undefined,
): Promise<CheckReport> {
  const { loaded, problems } = await examineConfig(file, process.env);
  if (loaded === undefined) {
    return { parts: [report('configuration', file, problems)], sample: undefined };
  }
  const { mappings } = loaded.config;
  const topics = new Set(mappings.map(({ topic }) => topic));
  const found = `${file}: ${count(mappings.length, 'mapping')} of ${count(topics.size, 'topic')}`;
  const session = startSession(loaded);
  const toLookAt = offline === undefined ? partsToCheck : [offlinePart(offline)];
  const used = toLookAt.filter(({ isUsed }) => isUsed?.(loaded.config) ?? true);
  const parts = await Promise.all(used.map((part) => examinePart(part, session)));
  const sampled = size === undefined ? undefined : await examineSample(session, size);
  const reports = [report('configuration', found, problems), ...parts];
  return {
    parts: sampled?.report ? [...reports, sampled.report] : reports,
    sample: sampled?.sample,
  };
}

async function examinePart(part: Part, session: CheckSession): Promise<PartReport> {
  const address = part.address(session.loaded.config);
  try {
    const { found, problems, notes } = await part.look(session);
    return report(part.name, `${address}: ${found}`, problems, notes);
  } catch (thrown) {
    if (thrown instanceof UsageError) throw thrown;
    const problems = toProblems(thrown).map((problem) =>
      locateProblem(problem, part.setting, session.loaded),
    );
    return report(part.name, address, problems);
  }
}

/** A sample that can't be taken is a problem of its own only where the parts don't show why. */
async function examineSample(session: CheckSession, size: number) {
  try {
    return { sample: await takeSample(session, size), report: undefined };
  } catch (thrown) {
    const problems = toProblems(thrown).map((problem) =>
      locateProblem({ ...problem, severity: 'warning' }, 'mappings', session.loaded),
    );
    return { sample: undefined, report: report('sample', 'none could be taken', problems) };
  }
}

/** A problem of a whole part stands where its address does. */
function locateProblem(
  problem: Problem,
  partSetting: string,
  { file, locate }: LoadedConfig,
): Problem {
  if (problem.file !== undefined) return problem;
  const setting = problem.setting ?? partSetting;
  const path = setting.split('.');
  return { ...problem, file, ...(locate(path) ?? locate(path.slice(0, 1))), setting };
}

function report(
  part: string,
  found: string,
  problems: readonly Problem[],
  notes: readonly string[] = [],
): PartReport {
  const severities = new Set(problems.map(({ severity }) => severity));
  const state = severities.has('error') ? 'problem' : severities.has('warning') ? 'warning' : 'ok';
  return { part, state, found, problems, notes };
}

function formatPart({ part, state, found, notes }: Omit<PartReport, 'problems'>): string[] {
  const head = `${state.padEnd(8)} ${part.padEnd(13)}  `;
  return [`${head}${found}`, ...notes.map((note) => `${' '.repeat(head.length)}${note}`)];
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
