import { setTimeout as sleep } from 'node:timers/promises';
import type { Message } from 'kafkajs';
import { type ShopEvent, shopEvents } from '../shop.ts';
import type { ShopPlatform } from '../shopPlatform.ts';
import type { ProducerSpans } from './producerSpans.ts';

const visitors = 400;
/** The events are produced in this many portions, so that one can watch. */
const portions = 24;
const pause = 80;
const day = 86_400_000;

/** What the shop has produced. */
export interface ShopRun {
  readonly records: number;
  /** The trace of a conversion that Powerspace answers 503 first, and then records. */
  readonly exampleTraceId: string | undefined;
}

/** Plays two weeks of the shop, and two months of what follows from them; and one record that nobody can read. */
export async function runShop(
  platform: ShopPlatform,
  spans: ProducerSpans | undefined,
): Promise<ShopRun> {
  const start = new Date(Date.now() - 60 * day);
  const events = [...shopEvents({ seed: 2026, visitors, start })];
  let exampleTraceId: string | undefined;
  const portionSize = Math.ceil(events.length / portions);
  for (let first = 0; first < events.length; first += portionSize) {
    const messages = new Map<string, Message[]>();
    for (const event of events.slice(first, first + portionSize)) {
      const headers = { ...event.headers };
      const topic = platform.topics[event.topic];
      const span = spans?.start(topic, headers);
      const message = { ...platform.encode(event), headers };
      messages.set(topic, [...(messages.get(topic) ?? []), message]);
      span?.end();
      if (isExample(event)) exampleTraceId ??= span?.spanContext().traceId;
    }
    // Nobody orders before having come: that order holds within a portion too.
    for (const topic of Object.values(platform.topics)) {
      await platform.produce(topic, messages.get(topic) ?? []);
    }
    await sleep(pause);
  }
  const unreadable = { key: 'unreadable', value: Buffer.from('{"orderId": "this is JSON"}') };
  await platform.produce(platform.topics.orders, [unreadable]);
  return { records: events.length + 1, exampleTraceId };
}

function isExample({ expected }: ShopEvent): boolean {
  return expected.outcome === 'delivered' && expected.clickId.startsWith('flaky-');
}
