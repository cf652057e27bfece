import { expect, test } from 'vitest';
import {
  countRecorded,
  partitionOf,
  produceOrders,
  produceSignUps,
  produceVisits,
} from './conversions.ts';
import { openShop } from './shopFixture.ts';
import { joinAsStranger } from './stranger.ts';
import { until } from './until.ts';

const people = 2_000;

test('a member that joins and leaves in the middle makes nothing lost and nothing sent twice', async (context) => {
  const { shop, sandbox, watcher, kafka, group, run } = await openShop(context);
  await produceVisits(shop, { count: people });
  await produceSignUps(shop, { count: people });

  const connector = await run();
  await until(
    () => sandbox.summary().leads,
    (leads) => leads > 100,
  );
  // It takes partitions away, and gives them back.
  const stranger = await joinAsStranger(context, { shop, kafka, group });
  await produceOrders(shop, { count: people });
  await stranger.leave();

  await until(watcher.progress, ({ committed, end }) => committed === end);
  await connector.stop();
  expect(sandbox.summary()).toMatchObject({
    leads: people,
    orders: people,
    requests: people * 2,
    value: '99980',
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
  const other = await joinAsStranger(context, { shop, kafka, group });
  await until(
    () => other.shareOf(topic),
    (owned) => owned.length === 3,
  );
  sandbox.setFaults([]);
  zombie.resume();
  const lost = await until(
    () => other.shareOf(topic),
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

  await other.leave();
  await settled();
  await zombie.stop();
  expect(countRecorded(sandbox)).toEqual({ conversions: 600, repeated: 0 });
});
