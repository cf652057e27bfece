import { expect, test } from 'vitest';
import {
  countRecorded,
  partitionOf,
  produceOrders,
  produceSignUps,
  produceVisits,
} from './conversions.ts';
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

test('a zombie that wakes up when another has its partitions neither commits nor sends for those it lost', async (context) => {
  const { shop, sandbox, watcher, kafka, group, run } = await openShop(context);
  const settled = () => until(watcher.progress, ({ committed, end }) => committed === end);
  const topic = shop.topics.orders;
  await produceVisits(shop, { count: 300 });
  await produceSignUps(shop, { count: 300 });
  const zombie = await run();
  await settled();
  sandbox.setFaults([{ action: { type: 'hang' } }]);
  await produceOrders(shop, { count: 300 });
  await until(
    () => sandbox.received().filter(({ kind }) => kind === 'order').length,
    (sent) => sent === 64,
  );

  zombie.pause();
  const other = kafka.consumer({ groupId: group, sessionTimeout: 6_000, heartbeatInterval: 500 });
  context.onTestFinished(() => other.disconnect());
  const joins: (readonly number[])[] = [];
  other.on(other.events.GROUP_JOIN, ({ payload }) => {
    joins.push(payload.memberAssignment[topic] ?? []);
  });
  await other.connect();
  await other.subscribe({ topics: Object.values(shop.topics) });
  await other.run({ autoCommit: false, eachBatch: async ({ pause }) => void pause() });
  await until(
    () => joins.at(-1) ?? [],
    (owned) => owned.length === 3,
  );
  sandbox.setFaults([]);
  zombie.resume();
  const lost = await until(
    () => joins.at(-1) ?? [],
    (owned) => owned.length < 3,
  );
  const sentForLost = () =>
    sandbox
      .received()
      .filter(({ kind }) => kind === 'order')
      .filter(({ clickId }) => lost.includes(partitionOf(Number(clickId.slice('click-'.length)))));
  const before = sentForLost().length;

  // It does its work in those that it was given.
  const share = 100 * (3 - lost.length);
  await until(watcher.progress, ({ committed }) => committed === 600 + share);
  expect(lost.length).toBeGreaterThan(0);
  expect(sentForLost()).toHaveLength(before);

  await other.disconnect();
  await settled();
  await zombie.stop();
  expect(countRecorded(sandbox)).toEqual({ conversions: 600, repeated: 0 });
});
