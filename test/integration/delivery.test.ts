import { expect, test } from 'vitest';
import { countRecorded, produceConversions, produceVisits } from './conversions.ts';
import { openShop } from './shopFixture.ts';
import { until } from './until.ts';

const inFlight = 64;

test('while Powerspace answers 503 to everything nothing unsettled is committed; then all arrives', async (context) => {
  const always503 = [{ action: { type: 'answer' as const, status: 503 } }];
  const { shop, sandbox, watcher, run } = await openShop(context, always503);
  const visits = await produceVisits(shop, { count: 300 });
  const conversions = await produceConversions(shop, { count: 300 });
  const connector = await run();

  await until(
    () => sandbox.summary().byStatus['503'] ?? 0,
    (answers) => answers >= 3,
  );
  await until(watcher.progress, ({ committed }) => committed === visits);
  const watched: number[] = [];
  await until(
    async () => {
      watched.push((await watcher.progress()).committed);
      return sandbox.summary().byStatus['503'] ?? 0;
    },
    (answers) => answers >= 14,
  );
  expect(new Set(watched)).toEqual(new Set([visits]));

  sandbox.setFaults([]);
  await until(watcher.progress, ({ committed, end }) => committed === end);
  const report = await connector.stop();
  expect(report.outcomes.delivered).toBe(conversions);
  expect(countRecorded(sandbox).conversions).toBe(conversions);
});

test('killed in the middle of 5,000 postbacks and started again, it delivers all; twice at most what was in flight', async (context) => {
  const { shop, sandbox, watcher, run } = await openShop(context);
  await produceVisits(shop, { count: 2_500 });
  const conversions = await produceConversions(shop, { count: 2_500 });
  const first = await run();
  await until(
    () => sandbox.summary().requests,
    (requests) => requests > 1_500,
  );
  first.kill();
  await first.failed.catch(() => undefined);
  const sentBefore = sandbox.summary().requests;
  expect(sentBefore).toBeLessThan(conversions);

  const second = await run();
  await until(watcher.progress, ({ committed, end }) => committed === end);
  await second.stop();

  expect(countRecorded(sandbox).conversions).toBe(conversions);
  const { leads, orders } = sandbox.summary();
  expect(leads + orders - conversions).toBeLessThanOrEqual(inFlight);
});

test('a restart in the middle of 5,000 postbacks sends nothing twice', async (context) => {
  const { shop, sandbox, watcher, run } = await openShop(context);
  await produceVisits(shop, { count: 2_500 });
  const conversions = await produceConversions(shop, { count: 2_500 });
  for (const share of [0.2, 0.4, 0.6]) {
    const connector = await run();
    await until(
      () => sandbox.summary().requests,
      (requests) => requests > conversions * share,
    );
    await connector.stop();
  }
  const last = await run();
  await until(watcher.progress, ({ committed, end }) => committed === end);
  await last.stop();

  const { leads, orders, requests } = sandbox.summary();
  expect(countRecorded(sandbox).conversions).toBe(conversions);
  expect([leads + orders, requests]).toEqual([conversions, conversions]);
});
