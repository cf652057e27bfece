import Big from 'big.js';
import type { ShopEvent } from '../shop/event.ts';
import { shopEvents } from '../shop.ts';

/** A conversion that Powerspace must hear of, and the record that reports it. */
export interface Conversion {
  readonly kind: 'lead' | 'order';
  /** Key of its Kafka record. */
  readonly key: string;
  readonly clickId: string;
  /** What an order is worth. */
  readonly value?: string;
}

/** One person with a click: a visit, then a sign-up, then an order. */
export interface Journey {
  readonly visit: ShopEvent;
  readonly signUp: ShopEvent;
  readonly order: ShopEvent;
  readonly conversions: readonly Conversion[];
}

/** Makes events from those of the shop; all are dated now. */
export class EventFactory {
  readonly #templates = findTemplates();

  /** A journey whose click no other one has. `beginning` is one to which the sandbox pays heed. */
  journey(number: number, beginning: '' | 'flaky-' | 'expired-'): Journey {
    const clickId = `${beginning}c-${number}`;
    const [visitorId, userId, orderId] = [`v-${number}`, `u-${number}`, `o-${number}`];
    const amount = new Big(1_000 + (number % 9_000)).div(100);
    return {
      visit: this.#visit(visitorId, clickId),
      signUp: this.#event('UserSignedUp', userId, { userId, visitorId, signedUpAt: new Date() }),
      order: this.#order(orderId, userId, amount),
      conversions: [
        { kind: 'lead', key: userId, clickId },
        { kind: 'order', key: orderId, clickId, value: amount.toFixed(2) },
      ],
    };
  }

  /** The order of someone who came without a click: the common case. */
  orderWithoutClick(number: number): ShopEvent {
    return this.#order(`n-${number}`, `m-${number}`, new Big('49.99'));
  }

  /** A visit without a click. */
  visitWithoutClick(number: number): ShopEvent {
    return this.#visit(`w-${number}`, null);
  }

  #visit(visitorId: string, clickId: string | null): ShopEvent {
    const fields = { visitorId, clickId, userId: null, occurredAt: new Date() };
    return this.#event('LandingPageVisited', visitorId, fields);
  }

  #order(orderId: string, customerId: string, amount: Big): ShopEvent {
    return this.#event('OrderPlaced', orderId, {
      ...{ orderId, customerId, placedAt: new Date(), status: 'PAID' },
      total: { amount, currency: 'EUR' },
      shipping: { amount: new Big(0), method: 'STANDARD', country: 'FR' },
    });
  }

  #event(name: ShopEvent['event'], key: string, fields: Record<string, unknown>): ShopEvent {
    const template = this.#templates.get(name);
    if (!template) throw new Error(`the shop has no ${name}`);
    return { ...template, key, at: new Date(), value: { ...template.value, ...fields } };
  }
}

/** One event of each kind; an order of someone who has agreed to be reported. */
function findTemplates(): ReadonlyMap<ShopEvent['event'], ShopEvent> {
  const templates = new Map<ShopEvent['event'], ShopEvent>();
  for (const event of shopEvents({ seed: 1, visitors: 100, start: new Date(0) })) {
    const isUsable = event.event !== 'OrderPlaced' || event.expected.outcome === 'delivered';
    if (isUsable && !templates.has(event.event)) templates.set(event.event, event);
  }
  return templates;
}
