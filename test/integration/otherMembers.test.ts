import { expect, test } from 'vitest';
import { produceConversions, produceVisits } from './conversions.ts';
import { openShop } from './shopFixture.ts';
import { joinAsStranger } from './stranger.ts';
import { until } from './until.ts';

const people = 300;

test('conversions whose clicks another member has not read yet wait for them', async (context) => {
  const { shop, sandbox, watcher, kafka, group, run } = await openShop(context);
  await produceVisits(shop, { count: people });
  await produceConversions(shop, { count: people });

  // Like one that was killed, and that the group has not given up yet.
  const stranger = await joinAsStranger(context, { shop, kafka, group });
  const connector = await run();
  // The connector gets its half of the partitions; what it commits of them is settled.
  await until(watcher.progress, ({ committed }) => committed > 0);
  await stranger.leave();
  await until(watcher.progress, ({ committed, end }) => committed === end);
  const report = await connector.stop();
  expect(report.reasons).not.toHaveProperty('skipped no-click');
  expect(sandbox.summary()).toMatchObject({ leads: people, orders: people });
});
