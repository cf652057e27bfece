import { expect, test } from 'vitest';
import type { ConnectorProcess } from '../../dev/demo/connectorProcess.ts';
import type { ShopEvent } from '../../dev/shop/event.ts';
import { countRecorded } from './conversions.ts';
import { ownSchema } from './ownSchema.ts';
import { realPart } from './services.ts';
import { order, signUp, visit } from './shopEvents.ts';
import { openShop } from './shopFixture.ts';
import { until } from './until.ts';

/** People with a visit, a sign-up and an order each, every conversion twice: 5 events a person. */
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
