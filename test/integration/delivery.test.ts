import { expect, test } from 'vitest';
import { order, signUp, visit } from './shopEvents.ts';
import { openShop, type ShopFixture } from './shopFixture.ts';
import { until } from './until.ts';

const inFlight = 64;

test('while Powerspace answers 503 to everything nothing unsettled is committed; then all arrives', async (context) => {
  const always503 = [{ action: { type: 'answer' as const, status: 503 } }];
  const fixture = await openShop(context, always503);
  const { shop, sandbox, watcher, run } = fixture;
  const records = await produceConversions(fixture, 300);
  const connector = await run();

  await until(
    () => sandbox.summary().byStatus['503'] ?? 0,
    (answers) => answers >= 3,
  );
  await until(watcher.progress, ({ committed }) => committed === records.visits);
  const watched: number[] = [];
  await until(
    async () => {
      watched.push((await watcher.progress()).committed);
      return sandbox.summary().byStatus['503'] ?? 0;
    },
    (answers) => answers >= 14,
  );
  expect(new Set(watched)).toEqual(new Set([records.visits]));

  sandbox.setFaults([]);
  await until(watcher.progress, ({ committed, end }) => committed === end);
  const report = await connector.stop();
  expect(report.outcomes.delivered).toBe(records.conversions);
  expect(recordedOnce(sandbox)).toBe(records.conversions);
  expect(shop.topics.orders).toBeDefined();
});

test('killed in the middle of 5,000 postbacks and started again, it delivers all; twice at most what was in flight', async (context) => {
  const fixture = await openShop(context);
  const { sandbox, watcher, run } = fixture;
  const records = await produceConversions(fixture, 2_500);
  const first = await run();
  await until(
    () => sandbox.summary().requests,
    (requests) => requests > 1_500,
  );
  first.kill();
  await first.failed.catch(() => undefined);
  const sentBefore = sandbox.summary().requests;
  expect(sentBefore).toBeLessThan(records.conversions);

  const second = await run();
  await until(watcher.progress, ({ committed, end }) => committed === end);
  await second.stop();

  expect(recordedOnce(sandbox)).toBe(records.conversions);
  const { leads, orders } = sandbox.summary();
  expect(leads + orders - records.conversions).toBeLessThanOrEqual(inFlight);
});

test('a restart in the middle of 5,000 postbacks sends nothing twice', async (context) => {
  const fixture = await openShop(context);
  const { sandbox, watcher, run } = fixture;
  const records = await produceConversions(fixture, 2_500);
  for (const share of [0.2, 0.4, 0.6]) {
    const connector = await run();
    await until(
      () => sandbox.summary().requests,
      (requests) => requests > records.conversions * share,
    );
    await connector.stop();
  }
  const last = await run();
  await until(watcher.progress, ({ committed, end }) => committed === end);
  await last.stop();

  const { leads, orders, requests } = sandbox.summary();
  expect(recordedOnce(sandbox)).toBe(records.conversions);
  expect([leads + orders, requests]).toEqual([records.conversions, records.conversions]);
});

/** Visits with a click, and a sign-up and an order for each. */
async function produceConversions({ shop }: ShopFixture, people: number) {
  const numbers = Array.from({ length: people }, (_, number) => number);
  const at = new Date(Date.now() - 3_600_000);
  const visits = numbers.map((number) =>
    visit({ visitorId: `visitor-${number}`, clickId: `click-${number}`, at }),
  );
  const signUps = numbers.map((number) =>
    signUp({ userId: `user-${number}`, visitorId: `visitor-${number}`, at }),
  );
  const orders = numbers.map((number) =>
    order({ orderId: `order-${number}`, customerId: `user-${number}`, amount: '49.99', at }),
  );
  for (const events of [visits, signUps, orders]) {
    const topic = shop.topics[events[0]?.topic ?? 'orders'];
    await shop.produce(topic, events.map(shop.encode));
  }
  return { visits: visits.length, conversions: signUps.length + orders.length };
}

/** How many different conversions were recorded, however often. */
function recordedOnce(sandbox: ShopFixture['sandbox']): number {
  const recorded = sandbox.received().filter(({ status }) => status === 200);
  return new Set(recorded.map(({ kind, clickId }) => `${kind} ${clickId}`)).size;
}
