import { describe, expect, test, vi } from 'vitest';
import { startRetention } from '../../src/store/retention.ts';
import type { ClickStore, Ledger } from '../../src/store/store.ts';
import { ManualClock } from '../manualClock.ts';

const minute = 60_000;
const day = 86_400_000;

type Purge = ClickStore['purge'];

function start(purge: Purge, hasCaughtUp = () => true, purgeLedger: Purge = async () => 0) {
  const clock = new ManualClock();
  const failures: unknown[] = [];
  const purged = { clicks: 0, ledger: 0 };
  const store = { clicks: { purge } as ClickStore, ledger: { purge: purgeLedger } as Ledger };
  const stop = startRetention(store, {
    ...{ window: 30 * day, ledgerRetention: 400 * day, clock, hasCaughtUp },
    onPurged: (table, rows) => {
      purged[table] += rows;
    },
    onFailure: (thrown) => failures.push(thrown),
  });
  return { clock, stop, failures, purged };
}

/** A table with so many rows that are too old. */
function tableOf(rows: number) {
  const table = { left: rows, steps: 0 };
  const purge: Purge = async (_before, limit) => {
    const removed = Math.min(table.left, limit);
    table.left -= removed;
    table.steps += 1;
    return removed;
  };
  return { table, purge };
}

describe('retention', () => {
  test('removes once a minute the clicks older than the window and a day', async () => {
    const purge = vi.fn(async () => 10);
    const { clock, stop } = start(purge);
    const startedAt = clock.now();
    expect(purge).not.toHaveBeenCalled();
    await clock.advance(3 * minute);
    const expected = [1, 2, 3].map((minutes) => [startedAt + minutes * minute - 31 * day, 200]);
    expect(purge.mock.calls).toEqual(expected);
    stop();
  });

  test('removes what the ledger has longer than it is kept', async () => {
    const purge = vi.fn(async () => 10);
    const { clock, stop, purged } = start(
      async () => 3,
      () => true,
      purge,
    );
    const startedAt = clock.now();
    await clock.advance(2 * minute);
    const expected = [1, 2].map((minutes) => [startedAt + minutes * minute - 400 * day, 200]);
    expect(purge.mock.calls).toEqual(expected);
    expect(purged).toEqual({ clicks: 6, ledger: 20 });
    stop();
  });

  test('goes on in small steps while there are more, of clicks or of the ledger', async () => {
    const [clicks, ledger] = [tableOf(1_100), tableOf(1_700)];
    const { clock, stop, purged } = start(clicks.purge, () => true, ledger.purge);
    await clock.advance(minute + 5_000);
    expect([clicks.table, ledger.table]).toEqual([
      { left: 0, steps: 9 },
      { left: 0, steps: 9 },
    ]);
    expect(purged).toEqual({ clicks: 1_100, ledger: 1_700 });
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
