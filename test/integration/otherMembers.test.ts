import { expect, test } from 'vitest';
import { order, signUp, visit } from './shopEvents.ts';
import { openShop } from './shopFixture.ts';
import { until } from './until.ts';

const people = 300;
const at = new Date(Date.now() - 3_600_000);

test('conversions whose clicks another member has not read yet wait for them', async (context) => {
  const { shop, sandbox, watcher, kafka, group, run } = await openShop(context);
  const numbers = Array.from({ length: people }, (_, number) => number);
  const visits = numbers.map((n) => visit({ visitorId: `v-${n}`, clickId: `click-${n}`, at }));
  const signUps = numbers.map((n) => signUp({ userId: `u-${n}`, visitorId: `v-${n}`, at }));
  const orders = numbers.map((n) =>
    order({ orderId: `o-${n}`, customerId: `u-${n}`, amount: '20.00', at }),
  );
  await shop.produce(shop.topics['web.landing'], visits.map(shop.encode));
  await shop.produce(shop.topics.accounts, signUps.map(shop.encode));
  await shop.produce(shop.topics.orders, orders.map(shop.encode));

  // A member that reads nothing: one that was killed, and that the group has not given up yet.
  const stranger = kafka.consumer({
    groupId: group,
    sessionTimeout: 6_000,
    heartbeatInterval: 500,
  });
  context.onTestFinished(() => stranger.disconnect());
  await stranger.connect();
  await stranger.subscribe({ topics: Object.values(shop.topics) });
  await stranger.run({
    autoCommit: false,
    eachBatchAutoResolve: false,
    eachBatch: async ({ pause }) => void pause(),
  });
  const connector = await run();
  // The connector gets its half of the partitions; what it commits of them is settled.
  await until(watcher.progress, ({ committed }) => committed > 0);
  await stranger.disconnect();
  await until(watcher.progress, ({ committed, end }) => committed === end);
  const report = await connector.stop();
  expect(report.reasons).not.toHaveProperty('skipped no-click');
  expect(sandbox.summary()).toMatchObject({ leads: people, orders: people });
});
