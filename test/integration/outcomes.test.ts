import { expect, test } from 'vitest';
import { type ShopEvent, shopEvents } from '../../dev/shop.ts';
import { openShop } from './shopFixture.ts';
import { until } from './until.ts';

const day = 86_400_000;

test('a first start over a backlog settles every record as the shop expects, and misses no join', async (context) => {
  const { shop, sandbox, watcher, run } = await openShop(context);
  const events = [
    ...shopEvents({ seed: 5, visitors: 1_000, start: new Date(Date.now() - 60 * day) }),
  ];
  // Last things first: only the connector's own order can bring clicks before orders.
  for (const topic of ['orders', 'accounts', 'web.landing'] as const) {
    const messages = events.filter((event) => event.topic === topic).map(shop.encode);
    await shop.produce(shop.topics[topic], messages);
  }

  const connector = await run();
  await until(watcher.progress, ({ committed }) => committed === events.length);
  const report = await connector.stop();

  expect({ ...report.outcomes, ...report.reasons }).toEqual(expectedCounts(events));
  const recorded = sandbox.received().filter(({ status }) => status === 200);
  expect(sorted(recorded.map(describeEntry))).toEqual(sorted(events.flatMap(describeDelivery)));
});

test('the lead of a click goes out before its orders, whatever lies in which partition', async (context) => {
  const { shop, sandbox, watcher, run } = await openShop(context);
  const events = [
    ...shopEvents({ seed: 9, visitors: 600, start: new Date(Date.now() - 60 * day) }),
  ];
  for (const event of events) await shop.produce(shop.topics[event.topic], [shop.encode(event)]);

  const connector = await run();
  await until(watcher.progress, ({ committed }) => committed === events.length);
  await connector.stop();

  const recorded = sandbox.received().filter(({ status }) => status === 200);
  expect(recorded).toHaveLength(events.flatMap(describeDelivery).length);
  for (const [clickId, own] of Map.groupBy(recorded, ({ clickId }) => clickId)) {
    const kinds = own.map(({ kind }) => kind);
    expect([clickId, kinds]).toEqual([clickId, kinds.toSorted()]);
  }
});

function expectedCounts(events: readonly ShopEvent[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { expected } of events) {
    counts[expected.outcome] = (counts[expected.outcome] ?? 0) + 1;
    if (!('reason' in expected)) continue;
    const name = `${expected.outcome} ${expected.reason}`;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

interface Delivery {
  readonly kind: string;
  readonly clickId: string;
  readonly value: number | undefined;
}

function describeDelivery({ expected }: ShopEvent): Delivery[] {
  if (expected.outcome !== 'delivered') return [];
  const { kind, clickId, value } = expected;
  return [{ kind, clickId, value: value === undefined ? undefined : Number(value) }];
}

/** The first start sends many at once: between different clicks there is no order. */
function sorted(deliveries: readonly Delivery[]): readonly string[] {
  return deliveries.map((delivery) => JSON.stringify(delivery)).toSorted();
}

function describeEntry(entry: { kind: string; clickId: string; value?: string }): Delivery {
  const { kind, clickId, value } = entry;
  return { kind, clickId, value: value === undefined ? undefined : Number(value) };
}
