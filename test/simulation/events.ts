import { Cursor } from '../../src/avro/cursor.ts';
import { frame } from '../../src/avro/framing.ts';
import type { SchemaRegistry } from '../../src/avro/registry.ts';
import { type AvroSchema, encoder } from '../../src/avro/schema.ts';
import { configSchema } from '../../src/config/schema.ts';
import { sessionTimeout } from './group.ts';

/** The topics of the simulated platform: clicks, leads and orders, in the order in which they need each other. */
export const topics = ['landings', 'accounts', 'orders'] as const;
export type Topic = (typeof topics)[number];

/** What is odd about a record, if anything. */
export const oddities = [
  'none',
  'undecodable',
  'poison',
  'tombstone',
  'marker',
  'unmapped',
  'unknown-schema',
  'invalid-click',
  'no-user',
  'worthless',
] as const;
type Oddity = (typeof oddities)[number];

/** A record as it is drawn: what it says, and how it says it. */
export interface EventPlan {
  readonly topic: Topic;
  readonly user: number;
  /** Of a click, which of the user's; of an order, which of all. */
  readonly number: number;
  /** How the person is known: by the user id, by the visitor id, or by a click id in the event. */
  readonly knownBy: 'user' | 'visitor' | 'click';
  readonly oddity: Oddity;
  /** Whether a sign-up came with a first order, so that it reports both. */
  readonly hasOrder: boolean;
}

const nullableText = ['null', 'string'];
const identifiers = [
  { name: 'userId', type: nullableText },
  { name: 'visitorId', type: nullableText },
  { name: 'clickId', type: nullableText },
];

function eventSchema(name: string, fields: readonly object[]): AvroSchema {
  return { json: { type: 'record', name, fields: [...identifiers, ...fields] }, references: [] };
}

const schemas: ReadonlyMap<number, AvroSchema> = new Map([
  [1, eventSchema('LandingPageVisited', [])],
  [
    2,
    eventSchema('UserSignedUp', [
      { name: 'orderId', type: nullableText },
      { name: 'amount', type: 'int' },
    ]),
  ],
  [
    3,
    eventSchema('OrderPlaced', [
      { name: 'orderId', type: 'string' },
      { name: 'amount', type: 'int' },
    ]),
  ],
  [4, eventSchema('PageScrolled', [])],
]);
const schemaIds: Readonly<Record<Topic, number>> = { landings: 1, accounts: 2, orders: 3 };
const scrolled = 4;
const unknownSchema = 99;
const encoders = new Map(Array.from(schemas, ([id, schema]) => [id, encoder(schema)]));

/** Orders are worth this much more than their number, so that a postback tells which it is about. */
const baseAmount = 100;

/** The value of the Kafka record; null for a tombstone, undefined for the marker of a transaction. */
export function encodeEvent(plan: EventPlan): Buffer | null | undefined {
  const { topic, user, number, knownBy, oddity, hasOrder } = plan;
  if (oddity === 'tombstone') return null;
  if (oddity === 'marker') return undefined;
  if (oddity === 'undecodable') return Buffer.from('not Avro');
  const schemaId = oddity === 'unmapped' ? scrolled : schemaIds[topic];
  const carriesClick = topic === 'landings' || knownBy === 'click';
  const isUserKnown = topic === 'accounts' || (topic === 'orders' && knownBy === 'user');
  const isVisitorKnown = topic === 'landings' || topic === 'accounts' || knownBy === 'visitor';
  const hasUser = oddity !== 'no-user';
  const clickId = oddity === 'invalid-click' ? '{clickId}' : clickIdOf(user, number);
  const payload = encoders.get(schemaId)?.({
    userId: hasUser && isUserKnown ? `user-${user}` : null,
    visitorId: hasUser && isVisitorKnown ? `visitor-${user}` : null,
    clickId: hasUser && carriesClick ? clickId : null,
    orderId: topic === 'orders' || hasOrder ? `order-${number}` : null,
    amount: oddity === 'worthless' ? 0 : baseAmount + number,
  });
  const writtenWith = oddity === 'unknown-schema' ? unknownSchema : schemaId;
  const value = frame('confluent', writtenWith, payload as Buffer);
  return oddity === 'poison' ? poisoned(value) : value;
}

/** What a process ends of. */
export class PoisonError extends Error {}

const poison = new WeakSet<Buffer>();

/** Whoever decodes it ends of it. */
function poisoned(value: Buffer): Buffer {
  poison.add(value);
  return value;
}

const { open } = Cursor.prototype;
Cursor.prototype.open = function openUnlessPoisoned(bytes, position) {
  if (poison.has(bytes)) throw new PoisonError();
  return open.call(this, bytes, position);
};

/** The conversions that a record reports when it has a click: `lead 2`, `order 5`; none for a click. */
export function conversionsOf({ topic, user, number, hasOrder }: EventPlan): readonly string[] {
  if (topic === 'landings') return [];
  const order = `order ${number}`;
  if (topic === 'orders') return [order];
  return hasOrder ? [`lead ${user}`, order] : [`lead ${user}`];
}

/** That of them which is of a kind. */
export function conversionOf(plan: EventPlan, kind: string | undefined): string | undefined {
  return conversionsOf(plan).find((conversion) => conversion.startsWith(`${kind} `));
}

/** The conversion that a postback reports, from its path and query. */
export function conversionOfTarget(target: string): string {
  const { pathname, searchParams } = new URL(target, 'http://powerspace');
  if (pathname === '/ord') return `order ${Number(searchParams.get('ov')) - baseAmount}`;
  return `lead ${/^click-(\d+)-/.exec(searchParams.get('qci') ?? '')?.[1]}`;
}

function clickIdOf(user: number, number: number): string {
  return `click-${user}-${number % 2}`;
}

/** The registry that knows these schemas. */
export function simulatedRegistry(
  ask: <Result>(read: () => Result) => Promise<Result>,
): SchemaRegistry {
  const unused = () => Promise.reject(new Error('the pipeline has no use for this'));
  return {
    schemaOf: ({ value }) => ask(() => schemas.get(Number(value))),
    latestSchemas: unused,
    register: unused,
    ping: unused,
    hasSavedSchemas: unused,
    close: async () => {},
  };
}

const user = ['userId', 'visitorId'];
const click = 'clickId';

/** The connector's configuration for these events. */
export const simulatedConfig = configSchema.parse({
  kafka: { brokers: ['simulated:9092'], group: 'simulated', sessionTimeout },
  powerspace: { url: 'http://powerspace.simulated' },
  mappings: [
    { topic: 'landings', event: 'LandingPageVisited', record: 'click', user: ['visitorId'], click },
    { topic: 'accounts', event: 'UserSignedUp', record: 'lead', user, click, id: 'userId' },
    {
      ...{ topic: 'accounts', event: 'UserSignedUp', record: 'order', user, click, id: 'orderId' },
      ...{ when: { orderId: { exists: true } }, value: { amount: 'amount' } },
    },
    {
      ...{ topic: 'orders', event: 'OrderPlaced', record: 'order', user, click, id: 'orderId' },
      value: { amount: 'amount' },
    },
  ],
});
