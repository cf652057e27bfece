import { propagation, trace } from '@opentelemetry/api';
import { expect, test, vi } from 'vitest';
import { startTelemetry } from '../../src/telemetry/sdk.ts';
import { createTraces } from '../../src/telemetry/traces.ts';

const prefix = '0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331';

test('a record is traced where its producer has sampled it, whatever else the flags say', async () => {
  // Nobody listens there: no span is ended here.
  vi.stubEnv('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'http://127.0.0.1:9/v1/traces');
  await using started = new AsyncDisposableStack();
  started.defer(() => void vi.unstubAllEnvs());
  started.defer((await startTelemetry()).close);
  expect(propagation.fields()).toContain('traceparent');
  const { isSampled } = createTraces(trace.getTracer('test'), 'group');
  const sampled = (traceparent: string) => isSampled({ traceparent: Buffer.from(traceparent) });
  for (let flags = 0; flags < 256; flags += 1) {
    const text = flags.toString(16).padStart(2, '0');
    expect([text, sampled(`00-${prefix}-${text}`)]).toEqual([text, flags % 2 === 1]);
  }
  expect(isSampled({ traceparent: `00-${prefix}-01` })).toBe(true);
  expect(sampled(` 00-${prefix}-01`)).toBe(true);
  expect(sampled(`cc-${prefix}-01-more`)).toBe(true);
  expect(sampled(`00-${prefix.replaceAll(/[1-9a-f]/g, '0')}-01`)).toBe(false);
  expect(sampled('anything')).toBe(false);
  expect(isSampled({})).toBe(false);
  expect(isSampled(undefined)).toBe(false);
});
