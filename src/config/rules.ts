import { isDeepStrictEqual } from 'node:util';
import { clicksSchema, kafkaSchema, type Mapping, mappingSchema, privacySchema } from './schema.ts';
import type { Finding } from './settingPath.ts';
import { valueAt } from './settingPath.ts';
import { checkTls } from './tlsRules.ts';
import { isPattern, takesTopic } from './topics.ts';

const day = 86_400_000;

type Format = Mapping['format'];

/** A mapping that is valid by itself, and its place in the list. */
interface Placed {
  readonly index: number;
  readonly mapping: Mapping;
}

/**
 * What settings demand of each other. Works on parsed YAML that needs not be valid otherwise, so that a
 * mistake in one place doesn't hide those in others.
 */
export function checkRules(root: unknown): Finding[] {
  const list = valueAt(root, ['mappings']);
  const placed = (Array.isArray(list) ? list : []).flatMap((candidate, index): Placed[] => {
    const parsed = mappingSchema.safeParse(candidate);
    return parsed.success ? [{ index, mapping: parsed.data }] : [];
  });
  return [
    ...placed.flatMap(checkMapping),
    ...placed.flatMap((later) =>
      checkAgainstEarlier(later, placed.slice(0, placed.indexOf(later))),
    ),
    ...checkRegistry(root, placed),
    ...checkKafka(root, placed),
    ...checkTls(root),
    ...checkLedgerRetention(root),
    ...checkMaxWait(root),
  ];
}

function checkMapping({ index, mapping }: Placed): Finding[] {
  return [
    ...checkSchemaFile(index, mapping),
    ...checkUseId(index, mapping),
    ...checkCurrency(index, mapping),
  ];
}

/** Where each format's schemas come from. */
const fileFormats: readonly Format[] = ['bare', 'single-object'];
const registryFormats: readonly Format[] = ['confluent', 'apicurio', 'apicurio-v2'];

function checkSchemaFile(index: number, { format, schema }: Mapping): Finding[] {
  if (fileFormats.includes(format) && schema === undefined)
    return [
      {
        path: ['mappings', index, 'format'],
        message: `the format ${format} needs schema: FILE.avsc beside it`,
      },
    ];
  if (registryFormats.includes(format) && schema !== undefined)
    return [
      {
        path: ['mappings', index, 'schema'],
        message: `a schema file goes with the formats bare, single-object and glue; with ${format}, the schema comes from the registry`,
        at: 'name',
      },
    ];
  return [];
}

function checkUseId(index: number, { format, useId }: Mapping): Finding[] {
  if (useId === undefined || format === 'apicurio' || format === 'apicurio-v2') return [];
  return [
    {
      path: ['mappings', index, 'useId'],
      message: `goes with the formats apicurio and apicurio-v2, not with ${format}`,
      at: 'name',
    },
  ];
}

function checkCurrency(index: number, mapping: Mapping): Finding[] {
  if (mapping.record !== 'order' || mapping.value === undefined || mapping.value.currency)
    return [];
  const { accept, unit, convert } = mapping.value;
  const needy = [
    ...(accept ? ['accept'] : []),
    ...(unit === 'minor' ? ['unit'] : []),
    ...(convert ? ['convert'] : []),
  ];
  return needy.map((name) => ({
    path: ['mappings', index, 'value', name],
    message: `needs currency beside it: the field with the ISO 4217 code, or constant: and that code${
      name === 'unit' ? ', which says how many decimals minor units have' : ''
    }`,
  }));
}

function checkAgainstEarlier({ index, mapping }: Placed, earlier: readonly Placed[]): Finding[] {
  const sameTopic = earlier.filter((other) => mayShareTopic(other.mapping, mapping));
  const twin = sameTopic.find(
    (other) =>
      takesAll(other.mapping.topic, mapping.topic) &&
      other.mapping.root === mapping.root &&
      other.mapping.record === mapping.record &&
      isSameName(other.mapping.event, mapping.event) &&
      (other.mapping.when === undefined || isDeepStrictEqual(other.mapping.when, mapping.when)),
  );
  const twins = twin && {
    path: ['mappings', index],
    message: `has the topic, event and record of mappings[${twin.index}], which leaves it no event; keep one of them, or give that one another when`,
  };
  const odd = sameTopic.find((other) => !isReadAlike(other.mapping, mapping));
  const odds = odd && {
    path: ['mappings', index, 'topic'],
    message: `all mappings of a topic must have the same format, useId and schema; mappings[${odd.index}] has others`,
  };
  return [twins, odds].filter((finding) => finding !== undefined);
}

/** Whether two mappings may be of one topic, as far as their settings tell; two patterns may, or may not. */
function mayShareTopic(one: Mapping, other: Mapping): boolean {
  return takesAll(one.topic, other.topic) || takesAll(other.topic, one.topic);
}

/** Whether a mapping's topic takes every topic that another's does. */
function takesAll(setting: string, other: string): boolean {
  return setting === other || (!isPattern(other) && takesTopic(setting, other));
}

/** With the namespace left out, a name stands for every namespace. */
function isSameName(one: string, other: string): boolean {
  return one === other || one.endsWith(`.${other}`) || other.endsWith(`.${one}`);
}

function isReadAlike(one: Mapping, other: Mapping): boolean {
  return one.format === other.format && one.useId === other.useId && one.schema === other.schema;
}

function checkRegistry(root: unknown, placed: readonly Placed[]): Finding[] {
  const registry = valueAt(root, ['registry']);
  const user = placed.find(({ mapping }) => registryFormats.includes(mapping.format));
  if (registry !== undefined || user === undefined) return [];
  return [
    {
      path: ['registry'],
      message: `required, but missing: mappings[${user.index}] has the format ${user.mapping.format}, whose schemas come from a registry (registry.url)`,
    },
  ];
}

function checkKafka(root: unknown, placed: readonly Placed[]): Finding[] {
  const { data: kafka } = kafkaSchema.safeParse(valueAt(root, ['kafka']));
  if (kafka === undefined) return [];
  const deadLetters = `${kafka.group}.dead-letters`;
  return placed
    .filter(({ mapping }) => mapping.topic === deadLetters)
    .map(({ index }) => ({
      path: ['mappings', index, 'topic'],
      message: 'this is the topic that dead letters are written to; it cannot be read as well',
    }));
}

/** A replica that was killed keeps its partitions for a session; nothing reads them until others have them. */
function checkMaxWait(root: unknown): Finding[] {
  const { data: kafka } = kafkaSchema.safeParse(valueAt(root, ['kafka']));
  const { data: clicks } = clicksSchema.safeParse(valueAt(root, ['clicks']) ?? {});
  if (!kafka || !clicks || clicks.maxWait > kafka.sessionTimeout) return [];
  const message = `expected more than kafka.sessionTimeout (${kafka.sessionTimeout / 1_000}s): for so long a replica that was killed keeps its partitions`;
  return [{ path: ['clicks', 'maxWait'], message }];
}

/** Later than that no click is found for a conversion; before, a replay would report it again. */
function checkLedgerRetention(root: unknown): Finding[] {
  const { data: clicks } = clicksSchema.safeParse(valueAt(root, ['clicks']) ?? {});
  const { data: privacy } = privacySchema.safeParse(valueAt(root, ['privacy']) ?? {});
  if (!clicks || !privacy || privacy.ledgerRetention > clicks.window + 2 * day) return [];
  const isGiven = valueAt(root, ['privacy', 'ledgerRetention']) !== undefined;
  return [
    {
      path: isGiven ? ['privacy', 'ledgerRetention'] : ['clicks', 'window'],
      message:
        'privacy.ledgerRetention must be longer than clicks.window and 2d, or a replay would report conversions once more',
    },
  ];
}
