import { describe, expect, type TestContext, test } from 'vitest';
import { runCommand } from '../cli/commandLine.ts';
import { order, signUp, visit } from './shopEvents.ts';
import { openShop } from './shopFixture.ts';
import { until } from './until.ts';

const hour = 3_600_000;
const now = Date.now();
const hoursAgo = (hours: number) => new Date(now - hours * hour);

const orderAt = (orderId: string, at: Date) =>
  order({ orderId, customerId: 'user-1', amount: '10.00', at });

/** A shop whose orders of the last hours lie in Kafka with timestamps of their own, one order an hour. */
async function openPastShop(context: TestContext, hours: readonly number[]) {
  const fixture = await openShop(context);
  const { shop, configFile } = fixture;
  const first = hoursAgo(Math.max(...hours) + 1);
  const { orders, accounts } = shop.topics;
  const landing = visit({ visitorId: 'visitor-1', clickId: 'click-1', at: first });
  await shop.produce(shop.topics['web.landing'], [shop.encode(landing)]);
  await shop.produce(accounts, [
    shop.encode(signUp({ userId: 'user-1', visitorId: 'visitor-1', at: first })),
  ]);
  await shop.produce(
    orders,
    hours.map((each) => shop.encode(orderAt(`order-${each}`, hoursAgo(each)))),
  );
  const backfill = (...options: readonly string[]) => [
    ...['run', '--config', configFile, '--json', '--from', first.toISOString()],
    ...options,
  ];
  return { ...fixture, backfill };
}

describe('run --from', () => {
  test('reports what lies in the span, ends by itself, and goes on where it ended', async (context) => {
    const { sandbox, watcher, backfill, group } = await openPastShop(context, [4, 3, 2]);
    const to = hoursAgo(2).toISOString();
    const { exitCode, stdout } = await runCommand(backfill('--to', to));
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout).outcomes).toMatchObject({ delivered: 3, duplicate: 0 });
    expect(sandbox.summary()).toMatchObject({ leads: 1, orders: 2, value: '20' });
    // Nothing of the connector's own group.
    expect(await watcher.progress()).toEqual({ committed: 0, end: 5 });

    const again = await runCommand(backfill('--to', to));
    expect(again.exitCode).toBe(0);
    expect(JSON.parse(again.stdout).records).toBe(0);

    // What lies before it is not read, and what was sent is not sent again.
    const later = ['--from', hoursAgo(3).toISOString(), '--group', `${group}.later`];
    const rest = await runCommand(backfill(...later));
    expect(JSON.parse(rest.stdout).outcomes).toMatchObject({ delivered: 1, duplicate: 1 });
    expect(sandbox.summary()).toMatchObject({ leads: 1, orders: 3, value: '30' });
  });

  test('takes what the connector has sent for duplicates, and leaves what has come since', async (context) => {
    const { run, sandbox, watcher, backfill, shop } = await openPastShop(context, [3, 2]);
    const connector = await run();
    await until(watcher.progress, ({ committed, end }) => committed === end);
    await connector.stop();
    const to = new Date().toISOString();
    await shop.produce(shop.topics.orders, [shop.encode(orderAt('new', new Date()))]);
    const { exitCode, stdout } = await runCommand(backfill('--to', to));
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ records: 4, outcomes: { delivered: 0, duplicate: 3, skipped: 1 } },
    });
    expect(sandbox.summary()).toMatchObject({ leads: 1, orders: 2 });
  });
});
