import { readFileSync } from 'node:fs';
import avsc from 'avsc';
import Big from 'big.js';
import { describe, expect, test } from 'vitest';
import { type Expected, type ShopEvent, shopEvents } from '../../dev/shop.ts';
import { sandboxForTest } from '../sandbox/support.ts';
import { expectationsByRule } from './shopRules.ts';

const start = new Date('2026-01-05T08:00:00Z');
const shop = (seed: number, visitors = 400) => [...shopEvents({ seed, visitors, start })];

/** Decimals of scale 2 as Big; small enough here for six bytes. */
class DecimalType extends avsc.types.LogicalType {
  override _fromValue(bytes: Buffer): Big {
    return new Big(bytes.readIntBE(0, 6)).div(100);
  }
  override _toValue(value: unknown): Buffer | undefined {
    if (!(value instanceof Big) || !value.times(100).eq(value.times(100).round())) return undefined;
    const bytes = Buffer.alloc(6);
    bytes.writeIntBE(value.times(100).toNumber(), 0, 6);
    return bytes;
  }
}

class TimestampType extends avsc.types.LogicalType {
  override _fromValue(milliseconds: number): Date {
    return new Date(milliseconds);
  }
  override _toValue(value: unknown): number | undefined {
    return value instanceof Date ? value.getTime() : undefined;
  }
}

function schemaOf(event: string): avsc.Type {
  const text = readFileSync(new URL(`../../schemas/${event}.avsc`, import.meta.url), 'utf8');
  const logicalTypes = {
    decimal: DecimalType,
    'timestamp-millis': TimestampType,
    'timestamp-micros': TimestampType,
  };
  return avsc.Type.forSchema(JSON.parse(text), { logicalTypes });
}

describe('the events', () => {
  test('are the same for the same seed and others for another', () => {
    expect(shop(1)).toEqual(shop(1));
    expect(shop(2)).not.toEqual(shop(1));
  });

  test('come in the order of their time, from the start on, also when there are many', () => {
    const events = shop(3, 2_000);
    expect(events[0]?.at.getTime()).toBeGreaterThanOrEqual(start.getTime());
    for (const [index, { at }] of events.slice(1).entries()) {
      expect(at.getTime()).toBeGreaterThanOrEqual(events[index]?.at.getTime() ?? Number.NaN);
    }
  });

  test('are over 31 days after the last visit', () => {
    const end = start.getTime() + (7 + 31) * 86_400_000;
    const events = [...shopEvents({ seed: 4, visitors: 400, start, days: 7 })];
    expect(events.at(-1)?.at.getTime()).toBeLessThan(end);
  });

  test('fit their Avro schemas to the last field', () => {
    const types = new Map<string, avsc.Type>();
    for (const { event, value } of shop(5)) {
      const type = types.get(event) ?? schemaOf(event);
      types.set(event, type);
      expect(type.fromBuffer(type.toBuffer(value))).toEqual(value);
    }
    expect([...types.keys()].sort()).toEqual(['LandingPageVisited', 'OrderPlaced', 'UserSignedUp']);
  });

  test('add up: a total is the items and the shipping less the discount', () => {
    for (const { event, value, expected } of shop(6)) {
      if (event !== 'OrderPlaced') continue;
      const { total, shipping, discount, items } = value as unknown as Order;
      const goods = items.reduce(
        (sum, { quantity, unitPrice }) => sum.plus(unitPrice.amount.times(quantity)),
        new Big(0),
      );
      const isReturn = total.amount.lt(0);
      const takenOff = (discount?.amount ?? new Big(0)).times(isReturn ? -1 : 1);
      expect(total.amount.toFixed(2)).toBe(goods.plus(shipping.amount).minus(takenOff).toFixed(2));
      if (expected.outcome !== 'delivered') continue;
      expect(expected.value).toBe(goods.minus(takenOff).toFixed(2));
    }
  });
});

interface Order {
  total: { amount: Big };
  shipping: { amount: Big };
  discount: { amount: Big } | null;
  items: { quantity: number; unitPrice: { amount: Big } }[];
}

describe('what is expected of the events', () => {
  test.each([1, 2, 3, 4, 5])('follows from the rules of the connector (seed %i)', (seed) => {
    const events = shop(seed);
    expect(events.map(({ expected }) => expected)).toEqual(expectationsByRule(events));
  });

  test('covers every outcome that the demo shows, with any hundred visitors', () => {
    const covered = new Set(shop(9, 100).map(({ topic, expected }) => wordsOf(topic, expected)));
    expect([...covered].sort()).toEqual([
      'accounts dead-lettered unknown-click',
      'accounts delivered',
      'accounts skipped no-click',
      'orders dead-lettered unknown-click',
      'orders delivered',
      'orders duplicate',
      'orders skipped click-expired',
      'orders skipped condition',
      'orders skipped currency',
      'orders skipped no-click',
      'orders skipped no-user',
      'orders skipped not-positive',
      'web.landing dead-lettered invalid-click-id',
      'web.landing skipped no-click',
      'web.landing skipped recorded',
    ]);
  });

  test('is what the sandbox answers: 200 for delivered, in the end, and 404 for an unknown click', async () => {
    const sandbox = await sandboxForTest();
    const events = shop(10);
    let leads = 0;
    let value = new Big(0);
    let retries = 0;
    const clickIds = new Map<unknown, string>();
    for (const event of events) {
      const clickId = clickIdOf(event, clickIds);
      if (clickId === undefined) continue;
      const { url } = sandbox;
      let response = await fetch(targetOf(url, event, clickId));
      if (response.status === 503) {
        retries += 1;
        response = await fetch(targetOf(url, event, clickId));
      }
      expect(response.status).toBe(event.expected.outcome === 'delivered' ? 200 : 404);
      if (event.expected.outcome !== 'delivered') continue;
      if (event.expected.kind === 'lead') leads += 1;
      value = value.plus(event.expected.value ?? 0);
    }
    expect(sandbox.summary()).toMatchObject({ leads, value: value.toFixed() });
    expect(leads).toBeGreaterThan(50);
    expect(retries).toBeGreaterThan(3);
  });

  test('most visits come without a click', () => {
    const visits = shop(11).filter(({ event }) => event === 'LandingPageVisited');
    const without = visits.filter(({ value }) => value['clickId'] === null);
    expect(without.length / visits.length).toBeGreaterThan(0.55);
  });
});

function wordsOf(topic: string, expected: Expected): string {
  return 'reason' in expected
    ? `${topic} ${expected.outcome} ${expected.reason}`
    : `${topic} ${expected.outcome}`;
}

/** The click id to report an event with; undefined when it is not to be reported. */
function clickIdOf(event: ShopEvent, clickIds: Map<unknown, string>): string | undefined {
  const { expected, value } = event;
  if (expected.outcome === 'delivered') return expected.clickId;
  if (event.event === 'LandingPageVisited' && typeof value['clickId'] === 'string') {
    clickIds.set(value['visitorId'], value['clickId']);
  }
  if (event.event === 'UserSignedUp') {
    const clickId = clickIds.get(value['visitorId']);
    if (clickId !== undefined) clickIds.set(value['userId'], clickId);
  }
  if (expected.outcome !== 'dead-lettered' || expected.reason !== 'unknown-click') return undefined;
  return clickIds.get(value['userId'] ?? value['customerId']) ?? 'no click was found';
}

function targetOf(url: string, { event, expected }: ShopEvent, clickId: string): string {
  const query = `qci=${encodeURIComponent(clickId)}`;
  if (event === 'UserSignedUp') return `${url}/ld?${query}`;
  const value = expected.outcome === 'delivered' ? expected.value : '1.00';
  return `${url}/ord?${query}&ov=${value}`;
}
