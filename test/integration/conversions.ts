import type { ShopEvent } from '../../dev/shop/event.ts';
import type { ShopPlatform } from '../../dev/shopPlatform.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { order, signUp, visit } from './shopEvents.ts';

const hour = 3_600_000;

/** Which of the shop's people: so many, from this number on. */
export interface People {
  readonly count: number;
  readonly from?: number;
}

/** Visits with a click each; resolves with how many records that made. */
export async function produceVisits(shop: ShopPlatform, people: People): Promise<number> {
  return produce(shop, people, (number, at) =>
    visit({ visitorId: `visitor-${number}`, clickId: `click-${number}`, at }),
  );
}

/** A sign-up and an order each, sign-ups first; resolves with how many records that made. */
export async function produceConversions(shop: ShopPlatform, people: People): Promise<number> {
  return (await produceSignUps(shop, people)) + (await produceOrders(shop, people));
}

/** An order each; resolves with how many records that made. */
export async function produceOrders(shop: ShopPlatform, people: People): Promise<number> {
  return produce(shop, people, (number, at) =>
    order({ orderId: `order-${number}`, customerId: `user-${number}`, amount: '49.99', at }),
  );
}

/** A sign-up each; resolves with how many records that made. */
export async function produceSignUps(shop: ShopPlatform, people: People): Promise<number> {
  return produce(shop, people, (number, at) =>
    signUp({ userId: `user-${number}`, visitorId: `visitor-${number}`, at }),
  );
}

async function produce(
  shop: ShopPlatform,
  { count, from = 0 }: People,
  eventOf: (number: number, at: Date) => ShopEvent,
): Promise<number> {
  const at = new Date(Date.now() - hour);
  const events = Array.from({ length: count }, (_, index) => eventOf(from + index, at));
  for (const [topic, own] of Map.groupBy(events, (event) => event.topic)) {
    const messages = own.map((event, index) => ({
      ...shop.encode(event),
      partition: partitionOf(from + index),
    }));
    await shop.produce(shop.topics[topic], messages);
  }
  return events.length;
}

/** The partition that holds what a person, or their click, has to do with: the shop's topics have three. */
export function partitionOf(person: number): number {
  return person % 3;
}

/** How many different conversions were recorded, and how many more records of them there are. */
export function countRecorded(sandbox: Sandbox): { conversions: number; repeated: number } {
  const recorded = sandbox.received().filter(({ status }) => status === 200);
  const conversions = new Set(recorded.map(({ kind, clickId }) => `${kind} ${clickId}`)).size;
  return { conversions, repeated: recorded.length - conversions };
}
