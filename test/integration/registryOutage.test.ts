import { readFile, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { startProxy } from '../../dev/chaos/proxy.ts';
import { realPart } from './services.ts';
import { order, signUp, visit } from './shopEvents.ts';
import { openShop } from './shopFixture.ts';
import { until } from './until.ts';

const at = new Date(Date.now() - 3_600_000);

test('a connector that is restarted while the registry is away goes on with the schemas that it knows, and the others wait', async (context) => {
  const { shop, sandbox, watcher, configFile, run, log } = await openShop(context);
  const registryUrl = new URL(realPart('registry', context).url);
  const proxy = await startProxy();
  context.onTestFinished(() => proxy.close());
  proxy.leadTo(Number(registryUrl.port));
  const text = await readFile(configFile, 'utf8');
  await writeFile(configFile, text.replace(registryUrl.host, `127.0.0.1:${proxy.port}`));
  const { orders, accounts } = shop.topics;
  const signedUp = (userId: string) =>
    shop.produce(accounts, [shop.encode(signUp({ userId, visitorId: 'visitor-1', at }))]);
  await shop.produce(shop.topics['web.landing'], [
    shop.encode(visit({ visitorId: 'visitor-1', clickId: 'click-1', at })),
  ]);
  await signedUp('user-1');
  const first = await run();
  await until(watcher.progress, ({ committed, end }) => committed === end);
  await first.stop();
  expect(sandbox.summary()).toMatchObject({ leads: 1 });

  await proxy.refuse();
  await signedUp('user-2');
  const second = await run();
  await until(
    () => sandbox.summary(),
    (summary) => summary.leads === 2,
  );
  expect(await log()).toContain('going on with the schemas that were kept');

  await shop.produce(orders, [
    shop.encode(order({ orderId: 'order-1', customerId: 'user-1', amount: '1.5', at })),
  ]);
  await until(log, (lines) => /schemas\/ids\/\d+: connect ECONNREFUSED.*trying again/.test(lines));
  expect(sandbox.summary()).toMatchObject({ orders: 0 });
  await proxy.open();
  await until(watcher.progress, ({ committed, end }) => committed === end);
  await second.stop();
  expect(sandbox.summary()).toMatchObject({ leads: 2, orders: 1 });
});
