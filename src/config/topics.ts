import { z } from 'zod';

/**
 * What a mapping's `topic` says: a name that Kafka takes, or a pattern between slashes
 * (https://github.com/apache/kafka/blob/trunk/clients/src/main/java/org/apache/kafka/common/internals/Topic.java).
 */
export const topicSetting = z
  .string()
  .regex(
    /^([a-zA-Z0-9._-]{1,249}|\/.+\/)$/,
    'expected 1 to 249 letters, digits, dots, underscores and hyphens, or a /pattern/',
  )
  .refine(
    (value) => !value.startsWith('/') || isRegularExpression(value.slice(1, -1)),
    'the /pattern/ is no regular expression',
  );

function isRegularExpression(source: string): boolean {
  try {
    return new RegExp(source) instanceof RegExp;
  } catch {
    // Whoever asks says what is wrong.
    return false;
  }
}

/** Whether a mapping's `topic` is a pattern. */
export function isPattern(setting: string): boolean {
  return setting.startsWith('/');
}

/** Whether the `topic` of any of these mappings is a pattern, so that only the cluster tells which topics they take. */
export function hasPatterns(mappings: readonly { readonly topic: string }[]): boolean {
  return mappings.some(({ topic }) => isPattern(topic));
}

/**
 * Whether a mapping's `topic` takes a topic: it is its name, or the pattern fits it. No pattern takes what
 * begins with an underscore, as the topics of Kafka itself and of its tools do, nor any topic of dead letters.
 */
export function takesTopic(setting: string, topic: string): boolean {
  if (!isPattern(setting)) return setting === topic;
  if (topic.startsWith('_') || topic.endsWith('.dead-letters')) return false;
  return new RegExp(setting.slice(1, -1)).test(topic);
}

/** The topics that a mapping's `topic` takes, of those that the cluster has; a name stands for itself. */
export function topicsOf(setting: string, clusterTopics: readonly string[]): readonly string[] {
  if (!isPattern(setting)) return [setting];
  return clusterTopics.filter((topic) => takesTopic(setting, topic)).toSorted();
}
