import { describe, expect, test, vi } from 'vitest';
import { startRetention } from '../../src/store/retention.ts';
import type { ClickStore } from '../../src/store/store.ts';
import { ManualClock } from '../manualClock.ts';

const minute = 60_000;
const day = 86_400_000;

function start(purge: ClickStore['purge'], hasCaughtUp = () => true) {
  const clock = new ManualClock();
  const failures: unknown[] = [];
  const stop = startRetention({ purge } as ClickStore, {
    ...{ window: 30 * day, clock, hasCaughtUp },
    onFailure: (thrown) => failures.push(thrown),
  });
  return { clock, stop, failures };
}

describe('retention', () => {
  test('removes once a minute the clicks older than the window and a day', async () => {
    const purge = vi.fn(async () => 10);
    const { clock, stop } = start(purge);
    const startedAt = clock.now();
    expect(purge).not.toHaveBeenCalled();
    await clock.advance(3 * minute);
    const expected = [1, 2, 3].map((minutes) => [startedAt + minutes * minute - 31 * day, 250]);
    expect(purge.mock.calls).toEqual(expected);
    stop();
  });

  test('goes on in small steps while there are more', async () => {
    let left = 1_350;
    const purge = vi.fn(async (_before: number, limit: number) => {
      const removed = Math.min(left, limit);
      left -= removed;
      return removed;
    });
    const { clock, stop } = start(purge);
    await clock.advance(minute + 5_000);
    expect([left, purge.mock.calls.length]).toEqual([0, 6]);
    stop();
  });

  test('waits until all that Kafka holds was read', async () => {
    const purge = vi.fn(async () => 0);
    let hasCaughtUp = false;
    const { clock, stop } = start(purge, () => hasCaughtUp);
    await clock.advance(10 * minute);
    expect(purge).not.toHaveBeenCalled();
    hasCaughtUp = true;
    await clock.advance(minute);
    expect(purge).toHaveBeenCalledOnce();
    stop();
  });

  test('tells of a failure and tries again a minute later', async () => {
    const error = new Error('of the test');
    const purge = vi.fn().mockRejectedValueOnce(error).mockResolvedValue(0);
    const { clock, stop, failures } = start(purge);
    await clock.advance(2 * minute);
    expect(failures).toEqual([error]);
    expect(purge).toHaveBeenCalledTimes(2);
    stop();
  });

  test('leaves no timer behind when it is stopped', async () => {
    const { clock, stop, failures } = start(vi.fn(async () => 0));
    stop();
    await clock.advance(minute);
    expect([clock.pending, failures]).toEqual([0, []]);
  });
});
