import type { AvroSchema } from '../avro/schema.ts';
import { typesAt } from '../avro/schemaTree.ts';
import type { Mapping } from '../config/schema.ts';

/**
 * The fields that a mapping uses for what it doesn't say, by their names; of each list the first that the event
 * has, of `user` all. In docs/mapping.md, "Fields that need no mapping".
 */
export const derivedNames = {
  click: ['clickId'],
  user: ['userId', 'customerId', 'visitorId'],
  id: { lead: ['userId', 'customerId'], order: ['orderId'] },
  at: {
    click: ['occurredAt'],
    lead: ['signedUpAt', 'occurredAt'],
    order: ['placedAt', 'occurredAt'],
  },
  amount: ['total.amount'],
  currency: ['total.currency'],
} as const;

/** A setting that a mapping doesn't have, and the fields that stand for it. */
interface DerivedSetting {
  readonly setting: string;
  readonly fields: readonly string[];
}

/** A mapping, completed with what the schema of its event suggests; and what that was. */
export interface DerivedMapping {
  readonly mapping: Mapping;
  readonly derived: readonly DerivedSetting[];
}

/** Completes a mapping: a setting that is not given is the field of the event that has one of the usual names. */
export function deriveMapping(mapping: Mapping, event: AvroSchema): DerivedMapping {
  const has = (path: string) => typesAt(event, path).some(({ kind }) => isScalar.has(kind));
  const first = (paths: readonly string[]) => paths.find(has);
  const { record } = mapping;
  const needsClick = record === 'click' && mapping.clickUrl === undefined;
  const click = mapping.click ?? (needsClick ? first(derivedNames.click) : undefined);
  const users = mapping.user ?? derivedNames.user.filter(has);
  const user = users.length > 0 && !isAnonymous(mapping) ? users : mapping.user;
  const at = mapping.at ?? first(derivedNames.at[record]);
  const common = { ...given({ click, at }), ...(user && { user: [...user] }) };
  if (mapping.record === 'click') return compare(mapping, { ...mapping, ...common });
  const id = mapping.id ?? first(derivedNames.id[mapping.record]);
  if (mapping.record === 'lead')
    return compare(mapping, { ...mapping, ...common, ...given({ id }) });
  const value = mapping.value ?? deriveValue(first);
  return compare(mapping, { ...mapping, ...common, ...given({ id, value }) });
}

/** With the click id on the event itself nobody needs be known. */
function isAnonymous({ record, click, clickUrl }: Mapping): boolean {
  return record !== 'click' && (click ?? clickUrl) !== undefined;
}

function deriveValue(first: (paths: readonly string[]) => string | undefined) {
  const amount = first(derivedNames.amount);
  const currency = first(derivedNames.currency);
  return amount === undefined
    ? undefined
    : { amount, unit: 'major' as const, ...given({ currency }) };
}

/** What a field must be to stand for a setting by its name alone. */
const isScalar: ReadonlySet<string> = new Set([
  ...['string', 'enum', 'int', 'long', 'float', 'double', 'bytes', 'fixed'],
]);

function compare(before: Mapping, mapping: Mapping): DerivedMapping {
  const settings = (of: Mapping) => ({
    ...{ click: of.click, user: of.user, at: of.at },
    ...(of.record !== 'click' && { id: of.id }),
    ...(of.record === 'order' && {
      'value.amount': of.value?.amount,
      'value.currency': of.value?.currency,
    }),
  });
  const was = settings(before);
  const derived = Object.entries(settings(mapping)).flatMap(
    ([setting, fields]): DerivedSetting[] =>
      fields === undefined || Reflect.get(was, setting) !== undefined
        ? []
        : [{ setting, fields: [fields].flat().map(String) }],
  );
  return { mapping, derived };
}

type Given<Fields> = { [Name in keyof Fields]?: Exclude<Fields[Name], undefined> };

/** Without the fields that are undefined. */
function given<Fields extends object>(fields: Fields): Given<Fields> {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Given<Fields>;
}
