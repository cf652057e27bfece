import type { Admin } from 'kafkajs';
import { expect, type TestContext, test } from 'vitest';
import { parseLoggedOutage } from '../../dev/outage/attempts.ts';
import { countProbes } from '../../dev/outage/probes.ts';
import { countRecorded, produceConversions, produceVisits } from './conversions.ts';
import { parseMetrics } from './prometheus.ts';
import { openShop, type ShopFixture } from './shopFixture.ts';
import { until } from './until.ts';

/** So many that what waits fills the connector, 10,000 records, and partitions are paused. */
const people = 5_100;
const sessionTimeout = 6_000;

test('while Powerspace is down it is probed once a second at most, paused partitions cost no membership, and then all arrives once', async (context) => {
  const fixture = await openShop(context, [{ action: { type: 'answer', status: 503 } }]);
  const { shop, sandbox, watcher, run } = fixture;
  await produceVisits(shop, { count: people });
  const conversions = await produceConversions(shop, { count: people });
  const members = await watchMembers(context, fixture);
  const connector = await run();
  const adminUrl = await connector.reading;
  const gauge = async (name: string) => {
    const samples = parseMetrics(await (await fetch(`${adminUrl}/metrics`)).text());
    return samples
      .filter((sample) => sample.name === name)
      .reduce((sum, { value }) => sum + value, 0);
  };
  await until(
    () => gauge('powerspace_records_unsettled'),
    (unsettled) => unsettled === 10_000,
  );

  const [lag, pausedAt] = [await gauge('powerspace_partition_lag'), performance.now()];
  const memberIds = new Set<string>();
  await until(
    async () => {
      for (const id of await members()) memberIds.add(id);
      return performance.now() - pausedAt;
    },
    (milliseconds) => milliseconds > sessionTimeout * 1.2,
  );
  expect(await gauge('powerspace_partition_lag')).toBe(lag);
  expect([memberIds.size, lag]).toEqual([1, conversions - 10_000]);

  const backAt = Date.now();
  sandbox.setFaults([]);
  await until(watcher.progress, ({ committed, end }) => committed === end);
  for (const id of await members()) memberIds.add(id);
  expect(memberIds.size).toBe(1);
  const { delivered } = (await connector.stop()).outcomes;
  expect([delivered, countRecorded(sandbox)]).toEqual([conversions, { conversions, repeated: 0 }]);

  const arrivals = sandbox.received().map(({ at }) => at);
  const probing = countProbes(parseLoggedOutage(await fixture.log()), arrivals, backAt);
  expect(probing).toMatchObject({ mostInASecond: 1 });
  const firstAt = sandbox.received().find(({ status }) => status === 200)?.at ?? 0;
  expect(firstAt - (probing?.nextDueAt ?? 0)).toBeLessThan(5_000);
});

/** Asks the group's coordinator who is in it. */
async function watchMembers(
  context: TestContext,
  { kafka, group }: ShopFixture,
): Promise<() => Promise<string[]>> {
  const admin: Admin = kafka.admin();
  await admin.connect();
  context.onTestFinished(() => admin.disconnect());
  return async () => {
    const { groups } = await admin.describeGroups([group]);
    const members = groups[0]?.members ?? [];
    return members.length === 0 ? ['none'] : members.map(({ memberId }) => memberId);
  };
}
