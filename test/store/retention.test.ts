import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { startRetention } from '../../src/store/retention.ts';
import type { ClickStore } from '../../src/store/store.ts';

const minute = 60_000;
const day = 86_400_000;
const startedAt = Date.parse('2026-03-01T12:00:00Z');

beforeEach(() => {
  vi.useFakeTimers({ now: startedAt });
});
afterEach(() => {
  vi.useRealTimers();
});

function start(purge: ClickStore['purge'], hasCaughtUp = () => true) {
  const failures: unknown[] = [];
  const stop = startRetention({ purge } as ClickStore, {
    ...{ window: 30 * day, hasCaughtUp },
    onFailure: (thrown) => failures.push(thrown),
  });
  return { stop, failures };
}

describe('retention', () => {
  test('purges a step a minute of the clicks older than the window and a day', async () => {
    const purge = vi.fn(async () => 1_000);
    const { stop } = start(purge);
    expect(purge).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(3 * minute);
    const expected = [1, 2, 3].map((minutes) => [startedAt + minutes * minute - 31 * day, 1_000]);
    expect(purge.mock.calls).toEqual(expected);
    stop();
  });

  test('waits until all that Kafka holds was read', async () => {
    const purge = vi.fn(async () => 0);
    let hasCaughtUp = false;
    const { stop } = start(purge, () => hasCaughtUp);
    await vi.advanceTimersByTimeAsync(10 * minute);
    expect(purge).not.toHaveBeenCalled();
    hasCaughtUp = true;
    await vi.advanceTimersByTimeAsync(minute);
    expect(purge).toHaveBeenCalledOnce();
    stop();
  });

  test('tells of a failure and tries again a minute later', async () => {
    const error = new Error('of the test');
    const purge = vi.fn().mockRejectedValueOnce(error).mockResolvedValue(0);
    const { stop, failures } = start(purge);
    await vi.advanceTimersByTimeAsync(2 * minute);
    expect(failures).toEqual([error]);
    expect(purge).toHaveBeenCalledTimes(2);
    stop();
  });

  test('leaves no timer behind when it is stopped', async () => {
    const purge = vi.fn(async () => 0);
    start(purge).stop();
    expect(vi.getTimerCount()).toBe(0);
  });
});
