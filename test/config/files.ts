import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type LoadedConfig, loadConfig } from '../../src/config/load.ts';
import { ConfigurationError, formatProblem } from '../../src/errors.ts';

/** A folder with a configuration file that is there only while it is used. */
export async function withFile<Result>(
  content: string | Uint8Array,
  use: (file: string, folder: string) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'connector-config-'));
  try {
    const file = join(folder, 'connector.yaml');
    await writeFile(file, content);
    return await use(file, folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Loads a text as `connector.yaml`. */
export function load(content: string, environment: NodeJS.ProcessEnv = {}): Promise<LoadedConfig> {
  return withFile(content, (file) => loadConfig(file, environment));
}

/** The lines that a user reads about a file, without its folder; none when it loads. */
export function problemsOf(
  content: string | Uint8Array,
  environment: NodeJS.ProcessEnv = {},
): Promise<string[]> {
  return withFile(content, (file, folder) => problemsOfFile(file, environment, folder));
}

/** As problemsOf, for a file that may not be there. */
export async function problemsOfFile(
  file: string,
  environment: NodeJS.ProcessEnv,
  folder: string,
): Promise<string[]> {
  try {
    await loadConfig(file, environment);
    return [];
  } catch (thrown) {
    if (!(thrown instanceof ConfigurationError)) throw thrown;
    return thrown.problems.map((problem) => formatProblem(problem).replace(`${folder}/`, ''));
  }
}

/** The least that works. */
export const minimal = `
kafka: {brokers: localhost:9092}
registry: {url: http://localhost:8081}
mappings:
  - {topic: orders, event: OrderPlaced, record: order, user: customerId}
`;

/** A valid file with the given text in place of one of the top settings, at line 1. */
export function withSetting(
  name: 'kafka' | 'registry' | 'mappings' | 'other',
  text: string,
): string {
  const lines = minimal.trim().split('\n');
  const others = {
    kafka: lines.slice(1),
    registry: [lines[0], ...lines.slice(2)],
    mappings: lines.slice(0, 2),
    other: lines,
  };
  return [text.trim(), ...others[name]].join('\n');
}

/** A text without the mark ▶, and the line and column where it was. */
function takeMark(marked: string): { content: string; place: string } {
  const before = marked.slice(0, marked.indexOf('▶')).split('\n');
  return {
    content: marked.replace('▶', ''),
    place: `${before.length}:${(before.at(-1) ?? '').length + 1}`,
  };
}

/** Expects one problem with a text, at the mark ▶ in it. */
export async function expectProblem(marked: string, message: string): Promise<void> {
  const { content, place } = takeMark(marked);
  expect(await problemsOf(content)).toEqual([`connector.yaml:${place}: error: ${message}`]);
}

/** A valid file but for its mappings, one a line. */
export function withMappings(...mappings: string[]): string {
  const lines = mappings.map((mapping) => `  - {${mapping}}`);
  return withSetting('mappings', ['mappings:', ...lines].join('\n'));
}
