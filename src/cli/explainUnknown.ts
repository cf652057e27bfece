import type { Config, Mapping } from '../config/schema.ts';
import { deadLetterTopic } from '../kafka/deadLetters.ts';
import { derivedNames } from '../pipeline/deriveMapping.ts';
import type { Click, NotedConversion } from '../store/store.ts';
import { hashClickId, maskClickId } from '../telemetry/log.ts';
import { formatTime } from './formatTime.ts';

type Kind = NotedConversion['kind'];

/** What is known of a conversion that the ledger doesn't have, as `explain --json` prints it. */
export type UnknownConversion = ReturnType<typeof describeUnknown>;

/** `clicks` are those of the user keys that were given. */
export function describeUnknown(
  { mappings, kafka }: Config,
  kinds: readonly Kind[],
  clicks: ReadonlyMap<string, readonly Click[]>,
) {
  return {
    users: Array.from(clicks, ([userKey, found]) => ({
      userKey,
      clicks: found.toSorted((one, other) => one.at - other.at).map(describeClick),
    })),
    mappings: mappings.flatMap((mapping, index) => {
      const kind = kinds.find((each) => each === mapping.record);
      return kind ? [describeMapping(mapping, kind, index)] : [];
    }),
    deadLetters: deadLetterTopic(kafka.group),
  };
}

function describeClick({ clickId, at }: Click) {
  return { at: formatTime(at), hash: hashClickId(clickId), mask: maskClickId(clickId) };
}

function describeMapping(mapping: Mapping, kind: Kind, index: number) {
  const { topic, event } = mapping;
  const id = 'id' in mapping ? mapping.id : undefined;
  return {
    ...{ setting: `mappings[${index}]`, kind, topic, event },
    /** Of several fields the first that the event has counts; without one, its place in Kafka does. */
    id: id === undefined ? derivedNames.id[kind] : [id],
    hasOwnId: id !== undefined,
  };
}

/** The same for a person to read. */
export function formatUnknown(
  id: string,
  kinds: readonly Kind[],
  { users, mappings, deadLetters }: UnknownConversion,
): string {
  return [
    `no ${kinds.join(' or ')} ${id} is in the ledger: nothing was sent for it`,
    '',
    ...(users.length === 0 ? ['give --user KEY to see whether the person has a click'] : []),
    ...users.flatMap(formatUser),
    '',
    mappings.length === 0
      ? `no mapping makes a ${kinds.join(' or a ')} of an event`
      : 'what reports one, and the field with its id:',
    ...mappings.map(formatMapping),
    '',
    'where to look:',
    `  dead letters   the topic ${deadLetters}, with the reason in its headers`,
    '  skipped        powerspace_records_total of /metrics has the reasons: no-click, condition, …',
    '  not read yet   powerspace_partition_lag of /metrics',
    '  its record     powerspace-connector check --sample 100 shows what the last ones would become',
  ].join('\n');
}

function formatUser({ userKey, clicks }: UnknownConversion['users'][number]): readonly string[] {
  if (clicks.length === 0) return [`user key ${userKey}: no click is stored`];
  return [
    `user key ${userKey}: clicked`,
    ...clicks.map(({ at, hash, mask }) => `  ${at}  ${hash} (${mask})`),
  ];
}

function formatMapping(mapping: UnknownConversion['mappings'][number]): string {
  const { setting, kind, topic, event, id, hasOwnId } = mapping;
  const field = hasOwnId ? id[0] : `${id.join(', else ')}, else topic/partition/offset`;
  return `  ${setting}    ${kind}, from ${event} on ${topic}: ${field}`;
}
