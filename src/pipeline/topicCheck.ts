import type { LoadedConfig } from '../config/load.ts';
import { placeInMapping } from '../config/mappingPlace.ts';
import { nearestName } from '../config/nearest.ts';
import type { Mapping } from '../config/schema.ts';
import { isPattern, topicsOf } from '../config/topics.ts';
import type { Problem } from '../errors.ts';

/** More names than these make a sentence unreadable. */
const namesShown = 10;

/** Which topics of the mappings the cluster doesn't have, and which of them two mappings read differently. */
export function checkTopics(loaded: LoadedConfig, clusterTopics: readonly string[]): Problem[] {
  const { mappings } = loaded.config;
  return mappings.flatMap((mapping, index): Problem[] => {
    const message =
      unknownTopic(mapping, clusterTopics) ??
      readOtherwise(mapping, mappings.slice(0, index), clusterTopics);
    if (message === undefined) return [];
    return [{ severity: 'error', message, ...placeInMapping(loaded, index, ['topic']) }];
  });
}

function unknownTopic({ topic }: Mapping, clusterTopics: readonly string[]): string | undefined {
  if (isPattern(topic)) {
    if (topicsOf(topic, clusterTopics).length > 0) return undefined;
    return `the pattern ${topic} takes no topic of this cluster, which has ${listTopics(clusterTopics.filter((name) => !name.startsWith('_')))}`;
  }
  if (clusterTopics.includes(topic)) return undefined;
  const nearest = nearestName(topic, clusterTopics);
  const hint = nearest === undefined ? '' : `; did you mean "${nearest}"?`;
  return `the topic "${topic}" does not exist on this cluster${hint}`;
}

/** Of one topic all records have the same format. Where the settings themselves tell, config/rules.ts says so. */
function readOtherwise(
  mapping: Mapping,
  earlier: readonly Mapping[],
  clusterTopics: readonly string[],
): string | undefined {
  const topics = topicsOf(mapping.topic, clusterTopics);
  for (const [index, other] of earlier.entries()) {
    const isReadAlike = (['format', 'schema', 'useId'] as const).every(
      (setting) => other[setting] === mapping[setting],
    );
    if (isReadAlike) continue;
    const both = topicsOf(other.topic, clusterTopics).find((topic) => topics.includes(topic));
    if (both !== undefined) {
      return `takes the topic "${both}", as mappings[${index}] does with another format or schema; all mappings of a topic must have the same`;
    }
  }
  return undefined;
}

/** The first of these topics, in words. */
export function listTopics(topics: readonly string[]): string {
  if (topics.length === 0) return 'none';
  const more = topics.length - namesShown;
  const shown = topics.toSorted().slice(0, namesShown).join(', ');
  return more > 0 ? `${shown} and ${more} more` : shown;
}
