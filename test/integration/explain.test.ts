import { randomBytes } from 'node:crypto';
import { appendFile } from 'node:fs/promises';
import { expect, type TestContext, test } from 'vitest';
import type { Fault } from '../../src/sandbox/faults.ts';
import { runCommand } from '../cli/commandLine.ts';
import { ownSchema } from './ownSchema.ts';
import { realPart } from './services.ts';
import { order, visit } from './shopEvents.ts';
import { openShop } from './shopFixture.ts';
import { until } from './until.ts';

const at = new Date(Date.now() - 3_600_000);
const failsOnce: Fault = { kind: 'order', times: 1, action: { type: 'answer', status: 500 } };

/** An order that was sent twice, as the sandbox answers 500 and then 200; the connector still runs. */
async function sendOrder(context: TestContext, store?: string) {
  const { queryUrl, otlpUrl } = realPart('jaeger', context);
  const { shop, watcher, configFile, run } = await openShop(context, [failsOnce], store);
  await appendFile(configFile, `telemetry: {traceUrl: '${queryUrl}/api/traces/{traceId}'}\n`);
  const traceId = randomBytes(16).toString('hex');
  const orderId = `order-${randomBytes(4).toString('hex')}`;
  await shop.produce(shop.topics['web.landing'], [
    shop.encode(visit({ visitorId: 'user-1', clickId: 'click-of-user-1', at })),
  ]);
  await shop.produce(shop.topics.orders, [
    {
      ...shop.encode(order({ orderId, customerId: 'user-1', amount: '5', at })),
      headers: { traceparent: `00-${traceId}-${randomBytes(8).toString('hex')}-01` },
    },
  ]);
  await run({ OTEL_EXPORTER_OTLP_ENDPOINT: otlpUrl });
  await until(watcher.progress, ({ committed }) => committed === 2);
  const command = (...words: readonly string[]) =>
    runCommand([...words, '--config', configFile, '--json']);
  return { traceId, orderId, topic: shop.topics.orders, command };
}

async function expectExplained(sent: Awaited<ReturnType<typeof sendOrder>>): Promise<void> {
  const { traceId, orderId, topic, command } = sent;
  const { exitCode, stdout } = await command('explain', orderId);
  expect(exitCode).toBe(0);
  const [conversion, ...others] = JSON.parse(stdout).conversions;
  expect(others).toEqual([]);
  expect(conversion).toMatchObject({
    ...{ kind: 'order', outcome: 'delivered', record: { topic }, traceId, attempts: 2 },
    click: { mask: 'c…1', at: at.toISOString(), userKey: 'user-1' },
    lastAttempts: [
      { number: 1, status: 500, class: 'transient', milliseconds: expect.any(Number) },
      { number: 2, status: 200, class: 'delivered', milliseconds: expect.any(Number) },
    ],
  });
  const times = conversion.lastAttempts.map((attempt: { at: string }) => Date.parse(attempt.at));
  expect(times[1] - times[0]).toBeGreaterThan(0);
  await until(
    async () => (await fetch(conversion.traceUrl)).status,
    (status) => status === 200,
  );
  expect(stdout).not.toContain('click-of-user-1');
}

test('an order that was sent twice is explained beside the connector: its attempts and its trace', async (context) => {
  const sent = await sendOrder(context);
  await expectExplained(sent);
  const forgotten = await sent.command('clicks', 'forget', 'user-1', '--yes');
  expect(JSON.parse(forgotten.stdout)).toEqual({ userKeys: 1, clicks: 1, conversions: 1 });
  const { stdout } = await sent.command('explain', sent.orderId);
  expect(stdout).not.toMatch(new RegExp(`user-1|${sent.traceId}`));
  expect(JSON.parse(stdout).conversions).toMatchObject([{ outcome: 'delivered', attempts: 2 }]);
});

test('so it is from Postgres', async (context) => {
  const { url } = realPart('postgres', context);
  const { setting } = await ownSchema(url);
  await expectExplained(await sendOrder(context, setting));
});
