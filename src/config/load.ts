import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { byPlace, ConfigurationError, type Problem, toError } from '../errors.ts';
import { verificationProblem } from '../tls.ts';
import { explainIssues } from './explain.ts';
import { resolvePaths } from './relativePaths.ts';
import { checkRules } from './rules.ts';
import { type Config, configSchema } from './schema.ts';
import { secretFiles } from './secretFile.ts';
import { type Finding, formatSetting, type SettingPath } from './settingPath.ts';
import { createSettings } from './settings.ts';
import { substituteAll } from './substitute.ts';
import { type Place, parseYaml, type YamlSource } from './yamlSource.ts';

/** A configuration, and the way back from each setting to the place where somebody wrote it. */
export interface LoadedConfig {
  /** Complete with defaults; durations in milliseconds, names of files absolute. */
  readonly config: Config;
  /** The file, as it was named by the caller. */
  readonly file: string;
  /**
   * Where the value of a setting begins, or undefined for one that isn't in the file. An entry of a list
   * that was written as one text (`user: customerId`) is where that text is.
   */
  locate(path: SettingPath): Place | undefined;
  /** Where the name of a setting begins: the fields in `when` are names. */
  locateName(path: SettingPath): Place | undefined;
}

/** What was found in a file. */
export interface ExaminedConfig {
  readonly problems: readonly Problem[];
  /** Undefined where the problems leave no configuration to go on with; mappings may contradict each other. */
  readonly loaded: LoadedConfig | undefined;
}

/**
 * Reads the configuration from a YAML file, with `${VAR}` and `${VAR:-default}` in values replaced from
 * the environment, and `${file:NAME}` by what a file holds (`$${` stands for `${`). Relative names of files in it
 * count from its own folder.
 *
 * @throws ConfigurationError with every problem found: the file, its YAML, variables, settings; or an environment
 *   that switches the verification of certificates off
 */
export async function loadConfig(
  file: string,
  environment: NodeJS.ProcessEnv,
): Promise<LoadedConfig> {
  const { problems, loaded } = await examineConfig(file, environment);
  if (problems.length > 0 || loaded === undefined) throw new ConfigurationError(problems);
  return loaded;
}

/** Reads as `loadConfig`, and goes on with what can be used where only mappings contradict each other. */
export async function examineConfig(
  file: string,
  environment: NodeJS.ProcessEnv,
): Promise<ExaminedConfig> {
  const unverified = verificationProblem(environment);
  if (unverified) return { problems: [unverified], loaded: undefined };
  const text = await readText(file);
  if (typeof text !== 'string') return { problems: [text], loaded: undefined };
  const source = parseYaml(text);
  const { config, problems } = readConfig(source, environment, file);
  const { locate, locateName } = source;
  return {
    problems,
    loaded: config && {
      config: resolvePaths(config, dirname(resolve(file))),
      file,
      locate,
      locateName,
    },
  };
}

function readConfig(
  source: YamlSource,
  environment: NodeJS.ProcessEnv,
  file: string,
): { config?: Config; problems: readonly Problem[] } {
  if (source.syntaxProblems.length > 0)
    return {
      problems: source.syntaxProblems
        .map((it): Problem => ({ severity: 'error', file, ...it }))
        .toSorted(byPlace),
    };
  const settings = createSettings();
  const sources = { environment, readFile: secretFiles(dirname(resolve(file))) };
  const { findings: unset, referencesAt } = substituteAll(source, sources, settings);
  const root = source.toValue();
  if (root === null || root === undefined)
    return { problems: [{ severity: 'error', file, message: emptyFile }] };
  const parsed = configSchema.safeParse(root, { error: () => '' });
  const issues = parsed.error?.issues ?? [];
  // What is said about a value that lacks its variable or file, or about a group around it, can be an echo.
  const findings = [
    ...explainIssues(issues, { root, settings, referencesAt }),
    ...checkRules(root),
  ].filter(({ path }) => !unset.some((other) => isWithin(other.path, path)));
  const problems = [...unset, ...findings]
    .map((finding) => place(finding, source, file))
    .toSorted(byPlace);
  const isUsable = unset.length === 0 && findings.every(({ path }) => path[0] === 'mappings');
  return parsed.success && isUsable ? { config: parsed.data, problems } : { problems };
}

const emptyFile =
  'is empty; write at least kafka, registry and mappings, as in connector.example.yaml';

const reasons: Readonly<Record<string, string>> = {
  ENOENT:
    'there is no such file; write one as in connector.example.yaml, or name another with --config FILE',
  EISDIR: 'this is a folder; name a file with --config FILE',
  EACCES: 'the file may not be read by this user; change its permissions',
};

/** The text of the file, or why there is none. */
async function readText(file: string): Promise<string | Problem> {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(file));
  } catch (thrown) {
    const error = toError(thrown);
    const code = String(Reflect.get(error, 'code'));
    const message =
      code === 'ERR_ENCODING_INVALID_ENCODED_DATA'
        ? 'the file is not text in UTF-8; save it as such'
        : (reasons[code] ?? `the file cannot be read: ${error.message}`);
    return { severity: 'error', file, message };
  }
}

/** Names the place of a finding; one about a setting that is missing is where it should be. */
function place({ path, message, at, shownAs }: Finding, source: YamlSource, file: string): Problem {
  const exact = at === 'name' ? source.locateName(path) : source.locate(path);
  return {
    severity: 'error',
    file,
    ...(exact ?? locateNearest(path, source)),
    setting: formatSetting(shownAs ?? path),
    message,
  };
}

function locateNearest(path: SettingPath, source: YamlSource): Place | undefined {
  const found = source.locate(path);
  return found ?? (path.length === 0 ? undefined : locateNearest(path.slice(0, -1), source));
}

function isWithin(path: SettingPath, group: SettingPath): boolean {
  return group.every((part, index) => path[index] === part);
}
