import { describe, expect, type TestContext, test } from 'vitest';
import type { Fault } from '../../src/sandbox/sandbox.ts';
import { runCommand, startCommand } from '../cli/commandLine.ts';
import { ownSchema } from './ownSchema.ts';
import { realPart } from './services.ts';
import { order, signUp, visit } from './shopEvents.ts';
import { openShop } from './shopFixture.ts';
import { until } from './until.ts';

const hour = 3_600_000;
const now = Date.now();
const hoursAgo = (hours: number) => new Date(now - hours * hour);

const orderAt = (orderId: string, at: Date) =>
  order({ orderId, customerId: 'user-1', amount: '10.00', at });

/** A shop whose orders of the last hours lie in Kafka with timestamps of their own, one order an hour. */
async function openPastShop(
  context: TestContext,
  hours: readonly number[],
  { faults, store }: { readonly faults?: readonly Fault[]; readonly store?: string } = {},
) {
  const fixture = await openShop(context, faults, store);
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
    const { sandbox, watcher, backfill, group, shop, configFile } = await openPastShop(
      context,
      [4, 3, 2],
    );
    await shop.produce(shop.topics.orders, [
      // In the midst of its partition, and before the span.
      shop.encode(orderAt('order-4', hoursAgo(20))),
      { key: 'order-4', value: Buffer.from([7]), timestamp: String(hoursAgo(4).getTime()) },
    ]);
    const to = hoursAgo(2).toISOString();
    const { exitCode, stdout } = await runCommand(backfill('--to', to));
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ records: 5, outcomes: { delivered: 3, duplicate: 0, skipped: 1, 'dead-lettered': 1 } },
    });
    expect(sandbox.summary()).toMatchObject({ leads: 1, orders: 2, value: '20' });
    const listed = await runCommand(['dead-letters', 'list', '--json', '--config', configFile]);
    expect(JSON.parse(listed.stdout).counts).toEqual({ undecodable: 1 });
    // Nothing of the connector's own group.
    expect(await watcher.progress()).toEqual({ committed: 0, end: 7 });

    const again = await runCommand(backfill('--to', to));
    expect(again.exitCode).toBe(0);
    expect(JSON.parse(again.stdout).records).toBe(0);

    // What lies before it is not read, and what was sent is not sent again.
    const later = ['--from', hoursAgo(3).toISOString(), '--group', `${group}.later`];
    const rest = await runCommand(backfill(...later));
    expect(JSON.parse(rest.stdout).outcomes).toMatchObject({ delivered: 1, duplicate: 1 });
    expect(sandbox.summary()).toMatchObject({ leads: 1, orders: 3, value: '30' });
  });

  test('that is cut short goes on with the same times', async (context) => {
    const faults = [
      { kind: 'order', times: 1, action: { type: 'answer', status: 503, retryAfter: 60 } },
    ] as const;
    const { sandbox, backfill } = await openPastShop(context, [4, 3, 2], { faults });
    const cut = startCommand(backfill());
    await until(
      () => cut.written.stderr,
      (log) => log.includes('503'),
    );
    cut.signal('SIGINT');
    const { exitCode, stderr } = await cut.ended;
    expect(exitCode).toBe(1);
    const [, time] = /to go on: the same command, with --to (\S+)\n/.exec(stderr) ?? [];
    const rest = await runCommand(backfill('--to', String(time)));
    expect(rest.exitCode).toBe(0);
    expect(sandbox.summary()).toMatchObject({ leads: 1, orders: 3, value: '30' });
  });

  test('runs beside the connector on Postgres, and takes what that has sent for duplicates', async (context) => {
    const { setting } = await ownSchema(realPart('postgres', context).url);
    const { run, sandbox, watcher, backfill, shop } = await openPastShop(context, [3, 2], {
      store: setting,
    });
    const connector = await run();
    await until(watcher.progress, ({ committed, end }) => committed === end);
    const to = new Date().toISOString();
    await shop.produce(shop.topics.orders, [shop.encode(orderAt('new', new Date()))]);
    const { exitCode, stdout } = await runCommand(backfill('--to', to));
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ records: 4, outcomes: { delivered: 0, duplicate: 3, skipped: 1 } },
    });
    await until(watcher.progress, ({ committed, end }) => committed === end);
    await connector.stop();
    expect(sandbox.summary()).toMatchObject({ leads: 1, orders: 3 });
  });
});
