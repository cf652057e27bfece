import type { Finding, SettingPath } from './settingPath.ts';
import type { Settings } from './settings.ts';
import { substituteReferences } from './variables.ts';
import type { YamlSource } from './yamlSource.ts';

/** What was taken from the environment. */
interface Substituted {
  readonly findings: readonly Finding[];
  /** The variables that the value at a path was made from. */
  variablesAt(path: SettingPath): readonly string[];
}

/**
 * Replaces references to environment variables in the values of a parsed file, so that what a variable
 * holds cannot change the structure. The value stays text unless the setting takes none.
 */
export function substituteVariables(
  source: YamlSource,
  environment: NodeJS.ProcessEnv,
  settings: Settings,
): Substituted {
  const findings: Finding[] = [];
  const variables = new Map<unknown, readonly string[]>();
  for (const { path, node } of source.scalars()) {
    if (typeof node.value !== 'string' || !node.value.includes('${')) continue;
    const substitution = substituteReferences(node.value, environment);
    findings.push(...substitution.mistakes.map((message) => ({ path, message })));
    variables.set(node, substitution.variables);
    node.value =
      substitution.variables.length > 0
        ? settings.readText(path, substitution.text)
        : substitution.text;
  }
  return {
    findings,
    variablesAt: (path) => variables.get(source.scalarAt(path)) ?? [],
  };
}
