import { randomBytes } from 'node:crypto';
import { canary } from './canaryParts.ts';
import type { OwnEvent } from './ownPlatform.ts';

/** An event whose every field may hold what its mapping can't use. */
export const canarySchema = {
  type: 'record',
  name: 'Bought',
  namespace: 'io.acme',
  fields: ['user', 'click', 'order', 'at', 'amount', 'currency', 'state'].map((name) => ({
    name,
    type: ['null', 'string', 'bytes', 'double'],
    default: null,
  })),
};

/** A click id, or a user key. */
export function nameOf(kind: 'click' | 'user', what: string): string {
  return `${canary}-${kind}-${what}`;
}

type Field = string | Buffer | number | null;

interface Bought {
  readonly user?: Field;
  readonly click?: Field;
  readonly order?: Field;
  readonly at?: Field;
  readonly amount?: Field;
  readonly currency?: Field;
  readonly state?: Field;
}

/** Bytes that are no UTF-8. */
const noText = Buffer.concat([Buffer.from(nameOf('user', 'bytes')), Buffer.from([0xff])]);

/** The last word of a click id says how Powerspace answers it. */
const delivered = ['good', 'failing', 'redirected', 'reset', 'slow'];
const rejected = ['bad', 'unknown'];

/** What becomes a dead letter before anything is sent. */
const invalid: readonly Bought[] = [
  { click: nameOf('click', 'with a space') },
  { click: `{${nameOf('click', 'macro')}}` },
  { click: nameOf('click', 'x'.repeat(600)) },
  { click: noText },
  { user: noText },
  { user: Number.NaN },
  { at: nameOf('user', 'time') },
  { at: noText },
  { order: noText },
  { order: '' },
  { amount: nameOf('user', 'amount') },
  { currency: nameOf('user', 'currency') },
];

/** What is skipped. */
const skipped: readonly Bought[] = [
  { click: null, user: nameOf('user', 'unknown') },
  { state: nameOf('user', 'state') },
];

/** What ends in each of the ways in which a record can, as far as its schema lets it. */
export function canaryEvents(): readonly OwnEvent[] {
  const sent = [...delivered, ...rejected].map((word) => ({ click: nameOf('click', word) }));
  return [...sent, ...invalid, ...skipped].map((fields, index) => eventOf(fields, index));
}

/** The order of somebody whose click is known from elsewhere. */
export function eventOfKnown(user: string): OwnEvent {
  return eventOf({ click: null, user }, 1_000);
}

/** How many of them become dead letters. */
export const deadEvents = rejected.length + invalid.length;

function eventOf(fields: Bought, index: number): OwnEvent {
  const usual: Bought = {
    ...{ user: nameOf('user', `${index}`), click: nameOf('click', `${index}`) },
    ...{ order: nameOf('user', `order-${index}`), at: new Date().toISOString() },
    ...{ amount: '9.99', currency: 'EUR', state: 'PAID' },
  };
  const value = { ...usual, ...fields };
  return { key: nameOf('user', 'key'), value, headers: tracedHeaders() };
}

/** What nobody can read: of another format, of a schema that is not there, and a record cut off or drawn out. */
export function canaryGarbage(whole: Buffer): readonly Buffer[] {
  const text = nameOf('user', 'garbage');
  return [
    Buffer.from(text),
    Buffer.from(JSON.stringify({ user: text })),
    Buffer.concat([Buffer.from([text.length * 2]), Buffer.from(text)]),
    Buffer.concat([Buffer.from([0, 0, 0x7f, 0, 1]), Buffer.from(text)]),
    whole.subarray(0, whole.length - 3),
    Buffer.concat([whole, Buffer.from(text)]),
  ];
}

/** Its producer has traced it, so its trace says what became of it; a header of its own stays as it is. */
export function tracedHeaders(): Readonly<Record<string, string>> {
  const [trace, span] = [randomBytes(16).toString('hex'), randomBytes(8).toString('hex')];
  return { traceparent: `00-${trace}-${span}-01`, 'x-user': nameOf('user', 'header') };
}
