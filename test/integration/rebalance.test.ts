import { expect, test } from 'vitest';
import { order, signUp, visit } from './shopEvents.ts';
import { openShop } from './shopFixture.ts';
import { until } from './until.ts';

const people = 2_000;
const at = new Date(Date.now() - 3_600_000);

test('a member that joins and leaves in the middle makes nothing lost and nothing sent twice', async (context) => {
  const { shop, sandbox, watcher, kafka, group, run } = await openShop(context);
  const numbers = Array.from({ length: people }, (_, number) => number);
  const visits = numbers.map((n) => visit({ visitorId: `v-${n}`, clickId: `click-${n}`, at }));
  const signUps = numbers.map((n) => signUp({ userId: `u-${n}`, visitorId: `v-${n}`, at }));
  const orders = numbers.map((n) =>
    order({ orderId: `o-${n}`, customerId: `u-${n}`, amount: '20.00', at }),
  );
  await shop.produce(shop.topics['web.landing'], visits.map(shop.encode));
  await shop.produce(shop.topics.accounts, signUps.map(shop.encode));

  const connector = await run();
  await until(
    () => sandbox.summary().leads,
    (leads) => leads > 100,
  );
  // Another member of the group takes partitions away, reads nothing, and gives them back.
  const stranger = kafka.consumer({
    groupId: group,
    sessionTimeout: 6_000,
    heartbeatInterval: 500,
  });
  await stranger.connect();
  await stranger.subscribe({ topics: Object.values(shop.topics) });
  const joined = new Promise((resolve) => stranger.on(stranger.events.GROUP_JOIN, resolve));
  await stranger.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch: async () => {} });
  await joined;
  await shop.produce(shop.topics.orders, orders.map(shop.encode));
  await stranger.disconnect();

  await until(watcher.progress, ({ committed, end }) => committed === end);
  await connector.stop();
  expect(sandbox.summary()).toMatchObject({
    leads: people,
    orders: people,
    requests: people * 2,
    value: '40000',
  });
});
