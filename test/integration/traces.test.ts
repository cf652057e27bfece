import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { type TraceSpan, waitForTrace } from '../../dev/demo/jaegerTrace.ts';
import type { ShopEvent } from '../../dev/shop/event.ts';
import { realPart } from './services.ts';
import { order, signUp, visit } from './shopEvents.ts';
import { openShop } from './shopFixture.ts';
import { until } from './until.ts';

const at = new Date(Date.now() - 3_600_000);

test("the producer's span, the consumer span, the postback and each attempt are one trace", async (context) => {
  const { queryUrl, otlpUrl } = realPart('jaeger', context);
  const { shop, watcher, run } = await openShop(context);
  const traceId = randomBytes(16).toString('hex');
  const producerSpanId = randomBytes(8).toString('hex');
  const traced = (event: ShopEvent) => ({
    ...shop.encode(event),
    headers: { traceparent: `00-${traceId}-${producerSpanId}-01` },
  });
  await shop.produce(shop.topics['web.landing'], [
    shop.encode(visit({ visitorId: 'visitor-1', clickId: 'flaky-1', at })),
  ]);
  await shop.produce(shop.topics.accounts, [
    traced(signUp({ userId: 'user-1', visitorId: 'visitor-1', at })),
  ]);

  const connector = await run({ OTEL_EXPORTER_OTLP_ENDPOINT: otlpUrl });
  await until(watcher.progress, ({ committed }) => committed === 2);
  await connector.stop();

  const spans = await waitForTrace(queryUrl, traceId, (found) => found.length >= 4);
  const [process, postback, first, second] = spans as [TraceSpan, TraceSpan, TraceSpan, TraceSpan];
  expect(spans.map(({ name }) => name)).toEqual([
    `process ${shop.topics.accounts}`,
    'postback lead',
    'GET /ld',
    'GET /ld',
  ]);
  expect(spans.map(({ parentId }) => parentId)).toEqual([
    producerSpanId,
    process.id,
    postback.id,
    postback.id,
  ]);
  expect(process.tags).toMatchObject({
    'messaging.system': 'kafka',
    'messaging.destination.name': shop.topics.accounts,
    'powerspace.outcome': 'delivered',
    'span.kind': 'consumer',
  });
  expect(first.tags).toMatchObject({ 'http.response.status_code': 503, 'span.kind': 'client' });
  expect(second.tags).toMatchObject({
    'http.response.status_code': 200,
    'http.request.resend_count': 1,
  });
  expect(JSON.stringify(spans)).not.toContain('flaky-1');
});

test('a record without a click makes a span only when its producer sampled it', async (context) => {
  const { queryUrl, otlpUrl } = realPart('jaeger', context);
  const { shop, watcher, run } = await openShop(context);
  const [sampled, unsampled] = [randomBytes(16).toString('hex'), randomBytes(16).toString('hex')];
  const placed = (number: number, traceparent: string) => ({
    ...shop.encode(order({ orderId: `o-${number}`, customerId: 'nobody', amount: '5', at })),
    headers: { traceparent },
  });
  await shop.produce(shop.topics.orders, [
    placed(1, `00-${unsampled}-00f067aa0ba902b7-00`),
    placed(2, `00-${sampled}-00f067aa0ba902b7-01`),
  ]);

  const connector = await run({ OTEL_EXPORTER_OTLP_ENDPOINT: otlpUrl });
  await until(watcher.progress, ({ committed }) => committed === 2);
  await connector.stop();

  const [span] = await waitForTrace(queryUrl, sampled, (found) => found.length >= 1);
  expect(span?.tags).toMatchObject({
    'powerspace.outcome': 'skipped',
    'powerspace.reason': 'no-click',
  });
  expect((await fetch(`${queryUrl}/api/traces/${unsampled}`)).status).toBe(404);
});
