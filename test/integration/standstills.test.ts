import { appendFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import type { ConnectorProcess } from '../../dev/demo/connectorProcess.ts';
import { ownSchema } from './ownSchema.ts';
import { parseMetrics } from './prometheus.ts';
import { realPart } from './services.ts';
import { order, signUp, visit } from './shopEvents.ts';
import { openShop } from './shopFixture.ts';
import { joinAsStranger } from './stranger.ts';
import { until } from './until.ts';

const second = 1_000;
/** Longer than the 6 s after which the group gives up a member that is gone. */
const maxWait = 8;
const setMaxWait = `clicks:\n  maxWait: ${maxWait}s\n`;
const at = new Date(Date.now() - 3_600 * second);

/** How many partitions the connectors have waited for in vain. */
async function standstills(connectors: readonly ConnectorProcess[]): Promise<number> {
  const counts = connectors.map(async (connector) => {
    const metrics = await fetch(`${await connector.reading}/metrics`);
    return parseMetrics(await metrics.text())
      .filter(({ name }) => name === 'powerspace_partition_standstills_total')
      .reduce((sum, { value }) => sum + value, 0);
  });
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}

test('orders wait no longer than maxWait for a member that is in the group and reads nothing', async (context) => {
  const { shop, watcher, kafka, group, configFile, run, log } = await openShop(context);
  await appendFile(configFile, setMaxWait);
  const numbers = Array.from({ length: 300 }, (_, number) => number);
  const visits = numbers.map((n) => visit({ visitorId: `u-${n}`, clickId: `click-${n}`, at }));
  const orders = numbers.map((n) =>
    order({ orderId: `o-${n}`, customerId: `u-${n}`, amount: '20.00', at }),
  );
  await shop.produce(shop.topics['web.landing'], visits.map(shop.encode));
  const stuck = await joinAsStranger(context, { shop, kafka, group });
  const connector = await run();
  await until(
    () => stuck.shareOf(shop.topics.orders),
    (share) => share.length > 0 && share.length < 3,
  );
  const startedAt = performance.now();
  await shop.produce(shop.topics.orders, orders.map(shop.encode));
  // Its own orders are settled, though no click of the other member is known.
  await until(
    () => watcher.progress(),
    ({ committed, end }) => committed > 100 && committed < end,
  );
  await until(
    () => standstills([connector]),
    (count) => count > 0,
  );
  expect(performance.now() - startedAt).toBeGreaterThan((maxWait - 2) * second);
  expect(await log()).toContain('a partition stands still; what waited for it goes on without it');
  await connector.stop();
});

test('an outage of Powerspace that fills one replica makes no order of the other overtake its lead', async (context) => {
  const { setting } = await ownSchema(realPart('postgres', context).url);
  const faults = [{ action: { type: 'answer', status: 503 } } as const];
  const { shop, sandbox, watcher, configFile, run } = await openShop(context, faults, setting);
  await appendFile(configFile, setMaxWait);
  const people = 12_000;
  const numbers = Array.from({ length: people }, (_, number) => number);
  const visits = numbers.map((n) => visit({ visitorId: `v-${n}`, clickId: `click-${n}`, at }));
  // More than one replica takes in, all for one of them.
  const leads = numbers.map((n) => ({
    ...shop.encode(signUp({ userId: `u-${n}`, visitorId: `v-${n}`, at })),
    partition: 0,
  }));
  const last = numbers.slice(-300);
  const orders = last.map((n) =>
    order({ orderId: `o-${n}`, customerId: `u-${n}`, amount: '20.00', at }),
  );
  await shop.produce(shop.topics['web.landing'], visits.map(shop.encode));
  const replicas = await Promise.all([run(), run()]);
  await shop.produce(shop.topics.accounts, leads);
  await shop.produce(shop.topics.orders, orders.map(shop.encode));
  const startedAt = performance.now();
  await until(
    () => performance.now() - startedAt,
    (passed) => passed > 3 * maxWait * second,
  );
  expect(await standstills(replicas)).toBe(0);
  sandbox.setFaults([]);
  await until(watcher.progress, ({ committed, end }) => committed === end, 100 * second);
  expect(await standstills(replicas)).toBe(0);
  const reports = await Promise.all(replicas.map((replica) => replica.stop()));
  expect(reports.map(({ reasons }) => reasons['skipped no-click'] ?? 0)).toEqual([0, 0]);
  expect(sandbox.summary()).toMatchObject({ leads: people, orders: 300 });
});
