import Big from 'big.js';
import type { ShopEvent } from '../../dev/shop/event.ts';
import { shopEvents } from '../../dev/shop.ts';

/** Events made from those of the shop, with the fields that a test cares about set. */
export function visit(fields: { visitorId: string; clickId: string | null; at: Date }): ShopEvent {
  const { at, ...value } = fields;
  return derive('LandingPageVisited', fields.visitorId, at, {
    ...value,
    userId: null,
    occurredAt: at,
  });
}

/** A sign-up that links a visitor to a user. */
export function signUp(fields: { userId: string; visitorId: string; at: Date }): ShopEvent {
  const { at, ...value } = fields;
  return derive('UserSignedUp', fields.userId, at, { ...value, signedUpAt: at });
}

/** A paid order with consent, worth `amount` EUR without shipping. */
export function order(fields: {
  orderId: string;
  customerId: string;
  amount: string;
  at: Date;
}): ShopEvent {
  const { at, amount, orderId, customerId } = fields;
  return derive('OrderPlaced', orderId, at, {
    ...{ orderId, customerId, placedAt: at, status: 'PAID' },
    total: { amount: new Big(amount), currency: 'EUR' },
    shipping: { amount: new Big(0), method: 'STANDARD', country: 'FR' },
  });
}

const templates = new Map<string, ShopEvent>();

function template(name: ShopEvent['event']): ShopEvent {
  for (const event of templates.size === 0
    ? shopEvents({ seed: 1, visitors: 100, start: new Date(0) })
    : []) {
    const isUsable = event.event !== 'OrderPlaced' || event.expected.outcome === 'delivered';
    if (isUsable && !templates.has(event.event)) templates.set(event.event, event);
  }
  const found = templates.get(name);
  if (!found) throw new Error(`the shop has no ${name}`);
  return found;
}

function derive(
  name: ShopEvent['event'],
  key: string,
  at: Date,
  fields: Record<string, unknown>,
): ShopEvent {
  const { topic, event, value, ...others } = template(name);
  return { ...others, topic, event, key, at, value: { ...value, ...fields } };
}
