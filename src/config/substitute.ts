import type { Finding, SettingPath } from './settingPath.ts';
import type { Settings } from './settings.ts';
import { type ReferenceSources, substituteReferences } from './variables.ts';
import type { YamlSource } from './yamlSource.ts';

/** What was taken from the environment and from files. */
interface Substituted {
  readonly findings: readonly Finding[];
  /** The references that the value at a path was made from: `NAME`, `file:NAME`. */
  referencesAt(path: SettingPath): readonly string[];
}

/**
 * Replaces references to environment variables and files in the values of a parsed file, so that what they
 * hold cannot change the structure. The value stays text unless the setting takes none.
 */
export function substituteAll(
  source: YamlSource,
  sources: ReferenceSources,
  settings: Settings,
): Substituted {
  const findings: Finding[] = [];
  const references = new Map<unknown, readonly string[]>();
  for (const { path, node } of source.scalars()) {
    if (typeof node.value !== 'string' || !node.value.includes('${')) continue;
    const substitution = substituteReferences(node.value, sources);
    findings.push(...substitution.mistakes.map((message) => ({ path, message })));
    references.set(node, substitution.references);
    node.value =
      substitution.references.length > 0
        ? settings.readText(path, substitution.text)
        : substitution.text;
  }
  return {
    findings,
    referencesAt: (path) => references.get(source.scalarAt(path)) ?? [],
  };
}
