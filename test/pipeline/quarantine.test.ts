import pino from 'pino';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { UnavailableError } from '../../src/errors.ts';
import { AssignedPartition, type SourceRecord } from '../../src/kafka/partition.ts';
import { Quarantine } from '../../src/pipeline/quarantine.ts';
import { eachRecord } from '../../src/pipeline/step.ts';
import type { WorkLog } from '../../src/store/store.ts';
import { ManualClock, settlePromises } from '../manualClock.ts';
import { MemoryStorage, openMemoryStore } from '../simulation/memoryStore.ts';
import { record } from './fixtures.ts';

const killed = new Error('SIGKILL');

let storage: MemoryStorage;
beforeEach(() => {
  storage = new MemoryStorage();
});

/** A process that begins with the same store; what throws in its step ends it. */
class Process {
  readonly source = new AssignedPartition('orders', 0);
  readonly clock = new ManualClock();
  readonly lines: Record<string, unknown>[] = [];
  /** What each call of the step was given, by offset. */
  readonly worked: number[][] = [];
  readonly failures: unknown[] = [];
  readonly workLog: WorkLog;
  readonly guarded;

  constructor(poison: readonly number[], workLog = openWorkLog()) {
    const stopping = new AbortController();
    onTestFinished(() => stopping.abort(new Error('stopping')));
    const log = pino({}, { write: (line: string) => void this.lines.push(JSON.parse(line)) });
    this.workLog = workLog;
    const quarantine = new Quarantine({
      ...{ workLog, log, clock: this.clock, stopping: stopping.signal },
      untilAvailable: async (work) => work().catch(() => work()),
      onFailure: (thrown) => this.failures.push(thrown),
    });
    this.guarded = quarantine.guard(
      (item: SourceRecord) => item,
      (items) => {
        this.worked.push(items.map(({ offset }) => offset));
        return eachRecord(items, (item) => {
          if (poison.includes(item.offset)) throw killed;
          return item;
        });
      },
    );
  }

  /** Works on records; resolves with the offsets of those that passed and of those that did not, or throws. */
  async work(offsets: readonly number[], source = this.source) {
    const { passed, settled } = await this.guarded(offsets.map((offset) => record(offset, source)));
    return {
      passed: passed.map(({ offset }) => offset),
      settled: settled.map((settlement) => settlement.record.offset),
      outcomes: settled.map(({ outcome }) => outcome),
    };
  }
}

function openWorkLog(): WorkLog {
  return openMemoryStore(storage, async (work) => work()).workLog;
}

/** Lets so many processes be killed by these records. */
async function crash(times: number, offsets: readonly number[], poison: readonly number[]) {
  for (let time = 0; time < times; time += 1) {
    await expect(new Process(poison).work(offsets)).rejects.toBe(killed);
  }
}

describe('a step that ends no process', () => {
  test('works on all records together, and leaves nothing behind', async () => {
    const process = new Process([]);
    const { passed } = await process.work([1, 2, 5]);
    expect(passed).toEqual([1, 2, 5]);
    expect(process.worked).toEqual([[1, 2, 5]]);
    expect([storage.work.size, storage.crashed.size]).toEqual([0, 0]);
    expect(process.lines).toEqual([]);
  });

  test('is noted, while it works, with the first and the last record of each partition', async () => {
    const other = new AssignedPartition('accounts', 3);
    const { source, guarded } = new Process([4]);
    // Steps may put records of a partition in another order.
    const inOrders = [2, 4, 1].map((offset) => record(offset, source));
    const inAccounts = [7, 9].map((offset) => record(offset, other));
    const all = [...inAccounts.slice(0, 1), ...inOrders, ...inAccounts.slice(1)];
    await expect(guarded(all)).rejects.toBe(killed);
    expect(await openWorkLog().crashed()).toEqual([
      { topic: 'accounts', partition: 3, firstOffset: 7, lastOffset: 9, crashes: 1 },
      { topic: 'orders', partition: 0, firstOffset: 1, lastOffset: 4, crashes: 1 },
    ]);
  });

  test('is not noted when there is nothing to work on', async () => {
    const workLog = { begin: () => Promise.reject(killed) } as unknown as WorkLog;
    expect(await new Process([], workLog).work([])).toMatchObject({ passed: [], settled: [] });
  });

  test('waits for a store that is away, and is done once', async () => {
    const inner = openWorkLog();
    const failing = new Set(['begin', 'end', 'crashed']);
    const once = <Result>(name: string, call: () => Promise<Result>) =>
      failing.delete(name) ? Promise.reject(new UnavailableError('store', 'locked')) : call();
    const process = new Process([], {
      forget: (ranges) => inner.forget(ranges),
      begin: (ranges) => once('begin', () => inner.begin(ranges)),
      end: () => once('end', () => inner.end()),
      crashed: () => once('crashed', () => inner.crashed()),
    });
    expect(await process.work([1])).toMatchObject({ passed: [1] });
    expect([process.worked, failing.size]).toEqual([[[1]], 0]);
  });
});

describe('records at work on which a process ended', () => {
  test('are worked on alone, in order, and those around them together', async () => {
    await crash(1, [3, 4, 5], [4]);
    const next = new Process([]);
    expect(await next.work([1, 2, 3, 4, 5, 6, 7])).toMatchObject({
      passed: [1, 2, 3, 4, 5, 6, 7],
      settled: [],
    });
    expect(next.worked).toEqual([[1, 2], [3], [4], [5], [6, 7]]);
    expect(next.lines).toMatchObject([{ level: 40 }]);
  });

  test('of another partition say nothing of those with the same offsets', async () => {
    await crash(1, [3, 4, 5], [4]);
    const next = new Process([]);
    await next.work([3, 4, 5], new AssignedPartition('orders', 1));
    await next.work([3, 4, 5], new AssignedPartition('accounts', 0));
    expect(next.worked).toEqual([
      [3, 4, 5],
      [3, 4, 5],
    ]);
  });

  test('are forgotten once they are committed, and not before', async () => {
    await crash(1, [3, 4, 5], [4]);
    const next = new Process([]);
    await next.work([3, 4, 5]);
    next.source.committed = 5;
    await next.clock.advance(1_000);
    expect(await openWorkLog().crashed()).toHaveLength(1);
    next.source.committed = 6;
    await next.clock.advance(1_000);
    expect(await openWorkLog().crashed()).toEqual([]);
    await next.work([3, 4, 5]);
    expect(next.worked.at(-1)).toEqual([3, 4, 5]);
    expect([next.clock.pending, next.failures]).toEqual([0, []]);
  });

  test('that were committed by whoever ended are forgotten with the next record of the partition', async () => {
    await crash(1, [3, 4, 5], [4]);
    const next = new Process([]);
    await next.work([6]);
    next.source.committed = 7;
    await next.clock.advance(1_000);
    expect(await openWorkLog().crashed()).toEqual([]);
  });
});

describe('a record that ends each process that works on it', () => {
  test('is settled unread after three, with what happened; the others pass', async () => {
    await crash(3, [3, 4, 5], [4]);
    const next = new Process([4]);
    const { passed, settled, outcomes } = await next.work([3, 4, 5]);
    expect([passed, settled]).toEqual([[3, 5], [4]]);
    expect(outcomes).toMatchObject([{ outcome: 'dead-lettered', reason: 'undecodable' }]);
    expect(outcomes[0]).toMatchObject({ error: expect.stringContaining('ended 3 times in a row') });
    expect(next.lines).toMatchObject([
      { level: 40 },
      { level: 50, topic: 'orders', partition: 0, offset: 4 },
    ]);
  });

  test('is worked on once more after two', async () => {
    await crash(2, [3, 4, 5], [4]);
    const next = new Process([]);
    expect(await next.work([3, 4, 5])).toMatchObject({ passed: [3, 4, 5], settled: [] });
  });

  test('is none that others around it have ended processes with', async () => {
    const range = { topic: 'orders', partition: 0, firstOffset: 3, lastOffset: 5 };
    storage.crashed.set('several', { ...range, crashes: 2 });
    storage.crashed.set('other', { ...range, lastOffset: 6, crashes: 1 });
    expect(await new Process([]).work([4])).toMatchObject({ passed: [4], settled: [] });
  });

  test('is settled again by every process until it is committed', async () => {
    await crash(3, [4], [4]);
    for (let restart = 0; restart < 3; restart += 1) {
      expect(await new Process([4]).work([4])).toMatchObject({ settled: [4] });
    }
    const last = new Process([4]);
    await last.work([4]);
    last.source.committed = 5;
    await last.clock.advance(1_000);
    // Whoever sets the group back after mending the cause has it read again.
    expect(await new Process([]).work([4])).toMatchObject({ passed: [4] });
  });

  test('does not hide another: each costs no more than three processes', async () => {
    const poison = [4, 6, 7];
    let processes = 1;
    const start = () => new Process(poison).work([3, 4, 5, 6, 7, 8]);
    let ended = await start().catch(() => undefined);
    for (; !ended && processes < 20; processes += 1) ended = await start().catch(() => undefined);
    expect(ended).toMatchObject({ passed: [3, 5, 8], settled: poison });
    expect(processes).toBeLessThanOrEqual(3 * poison.length + 1);
  });

  test('and that succeeds before the third is forgotten once it is committed', async () => {
    await crash(2, [4], [4]);
    const lucky = new Process([]);
    await lucky.work([4]);
    lucky.source.committed = 5;
    await lucky.clock.advance(1_000);
    await settlePromises();
    await crash(2, [4], [4]);
    expect(await new Process([]).work([4])).toMatchObject({ passed: [4] });
  });
});
