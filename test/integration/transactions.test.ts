import { randomUUID } from 'node:crypto';
import type { Transaction } from 'kafkajs';
import { expect, type TestContext, test } from 'vitest';
import { runCommand } from '../cli/commandLine.ts';
import { order, signUp, visit } from './shopEvents.ts';
import { openShop, type ShopFixture } from './shopFixture.ts';
import { until } from './until.ts';

const at = new Date(Date.now() - 3_600_000);
const landing = visit({ visitorId: 'visitor-1', clickId: 'click-1', at });
const account = signUp({ userId: 'user-1', visitorId: 'visitor-1', at });

const orderOf = (orderId: string) =>
  order({ orderId, customerId: 'user-1', amount: '10.00', at: new Date(at.getTime() + 60_000) });

/** A producer that does each thing in a transaction. */
async function openTransactions(context: TestContext, { kafka, shop }: ShopFixture) {
  const producer = kafka.producer({ transactionalId: randomUUID(), maxInFlightRequests: 1 });
  await producer.connect();
  context.onTestFinished(() => producer.disconnect());
  const send = (transaction: Transaction, event: typeof landing) =>
    transaction.send({ topic: shop.topics[event.topic], messages: [shop.encode(event)] });
  return async (events: readonly (typeof landing)[], end: 'commit' | 'abort') => {
    const transaction = await producer.transaction();
    for (const event of events) await send(transaction, event);
    await transaction[end]();
  };
}

test('of transactions what was committed is reported, what was aborted never', async (context) => {
  const fixture = await openShop(context);
  const { run, sandbox, watcher } = fixture;
  const produce = await openTransactions(context, fixture);
  await produce([landing, account], 'commit');
  await produce([orderOf('aborted')], 'abort');
  await produce([orderOf('committed')], 'commit');

  const connector = await run();
  await until(watcher.progress, ({ committed, end }) => committed === end);
  const report = await connector.stop();
  expect(report).toMatchObject({ records: 3, outcomes: { delivered: 2, skipped: 1 } });
  expect(sandbox.summary()).toMatchObject({ leads: 1, orders: 1, value: '10' });
});

test('a backfill of nothing but aborted transactions ends', async (context) => {
  const fixture = await openShop(context);
  const produce = await openTransactions(context, fixture);
  await produce([landing, account, orderOf('aborted')], 'abort');

  const from = new Date(at.getTime() - 1).toISOString();
  const { configFile } = fixture;
  const { exitCode, stdout } = await runCommand([
    'run',
    '--config',
    configFile,
    '--json',
    '--from',
    from,
  ]);
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout).records).toBe(0);
});
