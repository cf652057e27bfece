import { expect, test } from 'vitest';
import { tallyTraces } from '../../src/pipeline/dryRunTally.ts';
import type { TracedPostback } from '../../src/telemetry/traces.ts';

const place = { topic: 'orders', partition: 0, headers: undefined };

function tallyOrders(values: readonly (string | undefined)[]) {
  const { traces, rows } = tallyTraces('https://a.pwspace.com');
  for (const [offset, value] of values.entries()) {
    const postback: TracedPostback = { kind: 'order', clickId: 'click-1', value };
    const span = traces.startProcess({ ...place, offset }, 'order');
    span.startPostback(postback).end('delivered', 1);
    span.end('delivered', undefined, undefined);
  }
  return { traces, rows };
}

test('what orders would be sent with is added up exactly, with those left out that have no value', () => {
  const { rows } = tallyOrders([undefined, '0.1', '0.2', undefined, '49.99']);
  const [row, ...others] = rows();
  expect(row).toMatchObject({ count: 5, value: '50.29', outcome: 'delivered', record: 'order' });
  expect(others).toEqual([]);
  expect(tallyOrders([undefined]).rows()[0]?.value).toBeUndefined();
});

test('a few URLs stand for all, each another, and none shows a click id', () => {
  const { rows } = tallyOrders(['1', '1', '2', '3', '4']);
  expect(rows()[0]?.examples).toEqual([
    'https://a.pwspace.com/ord?qci=***&ov=1',
    'https://a.pwspace.com/ord?qci=***&ov=2',
    'https://a.pwspace.com/ord?qci=***&ov=3',
  ]);
});

test('what was begun and is read again counts once, and what was held back counts as that', () => {
  const { traces, rows } = tallyTraces('https://a.pwspace.com');
  const postback: TracedPostback = { kind: 'lead', clickId: 'click-1', value: undefined };
  traces.startProcess({ ...place, offset: 0 }, 'lead').abandon();
  const held = traces.startProcess({ ...place, offset: 0 }, 'lead');
  held.startPostback(postback);
  held.end('dead-lettered', 'held', 'it may have been recorded');
  expect(traces.isSampled(undefined)).toBe(true);
  expect(rows()).toEqual([
    {
      ...{ topic: 'orders', record: 'lead', outcome: 'dead-lettered', reason: 'held', count: 1 },
      ...{ value: undefined, examples: ['orders/0/0: it may have been recorded'] },
    },
  ]);
});
