import pino from 'pino';
import { expect, test } from 'vitest';
import { createAttempt } from '../../src/pipeline/attempt.ts';
import type { AttemptResult } from '../../src/powerspace/answer.ts';
import { ManualClock } from '../manualClock.ts';
import { answered, failed } from './deliverer.ts';
import { delivery, silentMetrics } from './fixtures.ts';

test('each attempt is kept for the ledger, of many the last 20, with the count of all', async () => {
  const clock = new ManualClock();
  const startedAt = clock.now();
  const results: AttemptResult[] = [];
  const attempt = createAttempt({
    client: {
      origin: new URL('http://127.0.0.1:1'),
      close: async () => {},
      get: async () => {
        await clock.advance(10);
        return results.shift() ?? answered(503);
      },
    },
    ...{ clock, metrics: silentMetrics, log: pino({ level: 'silent' }) },
  });
  const sent = delivery('a');
  results.push(failed('after-request'), answered(200));
  await attempt(sent);
  await attempt(sent);
  const first = { at: startedAt, answer: 'ECONNRESET', class: 'ambiguous', milliseconds: 10 };
  const second = { at: startedAt + 10, answer: 200, class: 'delivered', milliseconds: 10 };
  const { history: both } = sent.entry('delivered');
  expect(both).toEqual([first, second]);

  for (let count = 0; count < 20; count += 1) await attempt(sent);
  const { attempts, history, reason } = sent.entry('undeliverable', 'held');
  expect([attempts, history?.length, reason]).toEqual([22, 20, 'held']);
  expect(history?.[0]).toMatchObject({ at: startedAt + 20, answer: 503, class: 'transient' });
});

test.each([
  [200, []],
  [204, ['Powerspace answered 204, which is taken for recorded; 200 was expected']],
  [503, ['Powerspace answered 503']],
])('the answer %d warns, unless it is the one that Powerspace gives', async (status, warnings) => {
  const told: string[] = [];
  const write = (line: string) => told.push(JSON.parse(line).msg);
  const attempt = createAttempt({
    client: {
      origin: new URL('http://127.0.0.1:1'),
      close: async () => {},
      get: async () => answered(status),
    },
    ...{
      clock: new ManualClock(),
      metrics: silentMetrics,
      log: pino({ level: 'warn' }, { write }),
    },
  });
  await attempt(delivery('a'));
  expect(told).toEqual(warnings);
});
