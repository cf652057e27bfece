import { expect, test } from 'vitest';
import { printNews } from '../../src/cli/dryRun.ts';
import { ManualClock } from '../manualClock.ts';

test('what a dry run shows is printed once a minute, where it is other than before', async () => {
  const clock = new ManualClock();
  const printed: string[] = [];
  let shown = 'nothing yet';
  const stop = printNews(
    clock,
    () => shown,
    (text) => printed.push(text),
  );
  await clock.advance(60_000);
  await clock.advance(60_000);
  shown = 'two orders';
  await clock.advance(59_999);
  expect(printed).toEqual(['nothing yet']);
  await clock.advance(1);
  expect(printed).toEqual(['nothing yet', 'two orders']);
  stop();
  expect(clock.pending).toBe(0);
});
