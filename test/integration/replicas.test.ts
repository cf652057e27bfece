import { expect, test } from 'vitest';
import type { ConnectorProcess } from '../../dev/demo/connectorProcess.ts';
import type { ShopEvent } from '../../dev/shop/event.ts';
import { countRecorded } from './conversions.ts';
import { ownSchema } from './ownSchema.ts';
import { realPart } from './services.ts';
import { order, signUp, visit } from './shopEvents.ts';
import { openShop } from './shopFixture.ts';
import { until } from './until.ts';

/**
 * People with a visit, a sign-up and an order each, every conversion twice: 5 events a person. For 200,000 events, with
 * the services of `npm run services`:
 * REPLICAS_PEOPLE=40000 npx vitest run --project integration test/integration/replicas.test.ts -t 'three replicas'
 */
const people = Number(process.env['REPLICAS_PEOPLE'] ?? 2_000);
const at = new Date(Date.now() - 3_600_000);
const patience = 120_000 + people * 20;

test('three replicas deliver each conversion once, while members join and leave', {
  timeout: patience + 60_000,
}, async (context) => {
  const { setting, query } = await ownSchema(realPart('postgres', context).url);
  const { shop, sandbox, watcher, run } = await openShop(context, [], setting);
  const numbers = Array.from({ length: people }, (_, number) => number);
  const produce = (topic: ShopEvent['topic'], events: readonly ShopEvent[]) =>
    shop.produce(shop.topics[topic], events.map(shop.encode));
  const visits = numbers.map((n) => visit({ visitorId: `v-${n}`, clickId: `click-${n}`, at }));
  const signUps = numbers.map((n) => signUp({ userId: `u-${n}`, visitorId: `v-${n}`, at }));
  const orders = numbers.map((n) =>
    order({ orderId: `o-${n}`, customerId: `u-${n}`, amount: '20.00', at }),
  );
  // The duplicate goes to another partition as often as not: its key is another one.
  const copies = (events: readonly ShopEvent[]) =>
    events.map((event, index) => ({ ...event, key: `copy-${index}` }));
  await produce('web.landing', visits);

  const replicas: ConnectorProcess[] = await Promise.all([run(), run(), run()]);
  const producing = (async () => {
    await produce('accounts', signUps);
    await produce('accounts', copies(signUps));
    await produce('orders', orders);
    await produce('orders', copies(orders));
  })();
  let isDone = false;
  const churn = (async () => {
    while (!isDone) {
      const leaving = replicas.shift();
      await leaving?.stop();
      replicas.push(await run());
    }
  })();
  await producing;
  await until(watcher.progress, ({ committed, end }) => committed === end, patience);
  isDone = true;
  await churn;
  await Promise.all(replicas.map((replica) => replica.stop()));

  expect(countRecorded(sandbox)).toEqual({ conversions: people * 2, repeated: 0 });
  expect(sandbox.summary()).toMatchObject({ leads: people, orders: people, requests: people * 2 });
  const states = await query('SELECT state, count(*)::integer AS count FROM ledger GROUP BY 1');
  expect(states).toEqual([{ state: 'delivered', count: people * 2 }]);
});

test('a postback that waits for its retry in one replica holds up no order in the other', async (context) => {
  const { setting, query } = await ownSchema(realPart('postgres', context).url);
  const retryLater = { type: 'answer', status: 429, retryAfter: 600 } as const;
  const faults = [{ kind: 'lead', clickId: /^click-0$/, action: retryLater } as const];
  const { shop, sandbox, run } = await openShop(context, faults, setting);
  const { accounts, orders, 'web.landing': landing } = shop.topics;
  const numbers = Array.from({ length: 300 }, (_, number) => number);
  const encode = (eventOf: (n: number) => ShopEvent) => numbers.map(eventOf).map(shop.encode);
  await shop.produce(
    landing,
    encode((n) => visit({ visitorId: `v-${n}`, clickId: `click-${n}`, at })),
  );
  await shop.produce(
    accounts,
    encode((n) => signUp({ userId: `u-${n}`, visitorId: `v-${n}`, at })),
  );
  const replicas = await Promise.all([run(), run()]);
  await until(
    () => sandbox.summary().leads,
    (leads) => leads === 299,
  );
  await shop.produce(
    orders,
    encode((n) => order({ orderId: `o-${n}`, customerId: `u-${n}`, amount: '20.00', at })),
  );
  // But the one of the same click, perhaps, which comes after its lead.
  await until(
    () => sandbox.summary().orders,
    (recorded) => recorded >= 299,
    30_000,
  );
  await Promise.all(replicas.map((replica) => replica.stop()));
  expect(await query("SELECT FROM ledger WHERE state = 'claimed'")).toEqual([]);
  expect(sandbox.summary().leads).toBe(299);
});
