import { expect, test } from 'vitest';
import { order, signUp, visit } from './shopEvents.ts';
import { openShop } from './shopFixture.ts';
import { headersOf, readTopic } from './topicReader.ts';
import { until } from './until.ts';

const at = new Date(Date.now() - 3_600_000);
const people = 20;
const poisonedDecoder = {
  NODE_OPTIONS: `--import=${new URL('./poisonedDecoder.ts', import.meta.url).href}`,
};

test('a record that ends the process is a dead letter after three times; its neighbours are delivered, once each', async (context) => {
  const { shop, sandbox, watcher, kafka, group, run } = await openShop(context);
  const numbers = Array.from({ length: people }, (_, number) => number);
  const visits = numbers.map((n) => visit({ visitorId: `v-${n}`, clickId: `click-${n}`, at }));
  const signUps = numbers.map((n) => signUp({ userId: `u-${n}`, visitorId: `v-${n}`, at }));
  await shop.produce(shop.topics['web.landing'], visits.map(shop.encode));
  await shop.produce(shop.topics.accounts, signUps.map(shop.encode));
  const before = await run(poisonedDecoder);
  await until(watcher.progress, ({ committed, end }) => committed === end);
  await before.stop();

  const orders = numbers.map((n) => {
    const orderId = n === people / 2 ? 'ends-the-process' : `order-${n}`;
    const event = order({ orderId, customerId: `u-${n}`, amount: '20.00', at });
    // All in one partition, and so in one chunk: nothing is in flight when it ends the process.
    return { ...shop.encode(event), key: 'one' };
  });
  await shop.produce(shop.topics.orders, orders);
  for (let crash = 1; crash <= 3; crash += 1) {
    const ended = run(poisonedDecoder).then(({ failed }) => failed);
    await expect(ended, `crash ${crash}`).rejects.toThrow('SIGKILL');
    expect(sandbox.summary()).toMatchObject({ leads: people, orders: 0 });
  }

  const last = await run(poisonedDecoder);
  await until(watcher.progress, ({ committed, end }) => committed === end);
  const report = await last.stop();
  expect(report.outcomes).toEqual({
    ...{ delivered: people - 1, duplicate: 0, skipped: 0 },
    'dead-lettered': 1,
  });
  const { leads, orders: reported, requests } = sandbox.summary();
  expect([leads, reported, requests]).toEqual([people, people - 1, 2 * people - 1]);

  const letters = await readTopic(kafka, `${group}.dead-letters`, 1);
  expect(letters.map(({ value }) => value)).toEqual([orders[people / 2]?.value]);
  expect(letters.map(headersOf)).toMatchObject([
    {
      'dead-letter-reason': 'undecodable',
      'dead-letter-error': expect.stringContaining('the process ended 3 times in a row'),
      'dead-letter-topic': shop.topics.orders,
    },
  ]);
});
