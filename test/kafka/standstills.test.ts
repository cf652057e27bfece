import { describe, expect, test } from 'vitest';
import { BatchReader } from '../../src/kafka/batchReader.ts';
import type { AssignedPartition, SourceRecord } from '../../src/kafka/partition.ts';
import type { WaitedFor } from '../../src/kafka/standstills.ts';
import { ManualClock } from '../manualClock.ts';
import { anyOffsets, anyReading, payloadOf, recordsFrom } from './reading.ts';

const second = 1_000;
const maxWait = 60;

/** A reader of two partitions of clicks and one each of leads and orders, and what it is asked and tells. */
class Subject {
  readonly clock = new ManualClock();
  readonly taken: string[] = [];
  /** What was told in the log, and counted. */
  readonly told: string[] = [];
  readonly counted: string[] = [];
  /** Partitions of other members that are behind. */
  behind: readonly WaitedFor[] = [];
  isBrokerTelling = true;
  isPartAway = false;
  readonly reader = new BatchReader({
    topics: [
      { topic: 'clicks', stages: ['click'] },
      { topic: 'leads', stages: ['lead'] },
      { topic: 'orders', stages: ['order'] },
    ],
    ...anyReading,
    offsets: {
      ...anyOffsets,
      ends: async (partitions) => {
        if (!this.isBrokerTelling) throw new Error('a partition has no leader');
        return new Map(partitions.map((each) => [each, this.end(each)]));
      },
      othersBehind: async () => this.behind,
    },
    clock: this.clock,
    maxWait: maxWait * second,
    isWaiting: () => this.isPartAway,
    onStandstill: (topic, partition) => this.counted.push(`${topic}/${partition}`),
    log: (level, message, { topic, partition }) => {
      if (message.includes('stands still')) this.told.push(`${level} ${topic}/${partition}`);
    },
    onRecords: (records: readonly SourceRecord[]) => {
      this.taken.push(...records.map(({ topic, timestamp }) => `${topic} ${timestamp}`));
    },
    fetching: { pause: () => {}, resume: () => {}, restart: () => {} },
  });
  readonly #ends = new Map<string, number>();

  constructor() {
    this.rebalance();
  }

  rebalance(): void {
    this.reader.assign({ clicks: [0, 1], leads: [0], orders: [0] });
  }

  find(topic: string, partition = 0): AssignedPartition {
    return this.reader.assignment.find(topic, partition) as AssignedPartition;
  }

  end({ topic, partition }: AssignedPartition): number {
    return this.#ends.get(`${topic}/${partition}`) ?? 0;
  }

  /** So many records are in the partition. */
  fill(topic: string, partition: number, end: number): void {
    this.#ends.set(`${topic}/${partition}`, end);
  }

  /** kafkajs brings what follows in a partition, records with these timestamps, unless it is paused. */
  async fetch(topic: string, partition: number, ...timestamps: readonly number[]): Promise<void> {
    const assigned = this.find(topic, partition);
    if (assigned.isPaused) return;
    const from = assigned.position ?? 0;
    this.fill(topic, partition, Math.max(this.end(assigned), from + timestamps.length));
    const records = recordsFrom(from, timestamps);
    await this.reader.take(payloadOf({ topic, partition, records, end: this.end(assigned) }));
  }

  /** Seconds pass, with a look each, while the order of the time 10 is offered again and again; what happens in each. */
  async pass(seconds: number, eachSecond: (passed: number) => unknown = () => {}): Promise<void> {
    for (let passed = 1; passed <= seconds; passed += 1) {
      await this.clock.advance(second);
      await eachSecond(passed);
      this.reader.lookAgain();
      await this.offer();
    }
  }

  async offer(): Promise<void> {
    if (!this.hasOrder) await this.fetch('orders', 0, 10);
  }

  get hasOrder(): boolean {
    return this.taken.includes('orders 10');
  }
}

describe('a partition that stands still though it could move', () => {
  test('is waited for for maxWait; then what waited goes on, once, and that is told and counted', async () => {
    const subject = new Subject();
    subject.fill('clicks', 1, 100);
    await subject.pass(maxWait - 1);
    expect([subject.hasOrder, subject.told, subject.counted]).toEqual([false, [], []]);
    await subject.pass(3);
    expect(subject.taken).toEqual(['orders 10']);
    expect([subject.told, subject.counted]).toEqual([['warn clicks/1'], ['clicks/1']]);
  });

  test('is waited for from when there is somebody to wait, not for the time that joining the group took', async () => {
    const subject = new Subject();
    subject.fill('clicks', 1, 100);
    await subject.clock.advance(5 * second);
    subject.rebalance();
    await subject.offer();
    await subject.pass(maxWait - 1);
    expect([subject.hasOrder, subject.counted]).toEqual([false, []]);
    await subject.pass(3);
    expect(subject.taken).toEqual(['orders 10']);
  });

  test('holds up nothing of what follows either, and is not told of again', async () => {
    const subject = new Subject();
    subject.fill('clicks', 1, 100);
    await subject.pass(maxWait + 1);
    await subject.fetch('leads', 0, 11);
    await subject.fetch('orders', 0, 12, 13);
    await subject.pass(10 * maxWait);
    expect(subject.taken).toEqual(['orders 10', 'leads 11', 'orders 12', 'orders 13']);
    expect(subject.counted).toEqual(['clicks/1']);
  });

  test('is waited for again from when it moves', async () => {
    const subject = new Subject();
    subject.fill('clicks', 1, 100);
    await subject.pass(maxWait + 1);
    await subject.fetch('clicks', 1, 1);
    await subject.fetch('orders', 0, 12);
    await subject.pass(maxWait - 1);
    expect(subject.taken).toEqual(['orders 10', 'clicks 1']);
    await subject.pass(2);
    await subject.fetch('orders', 0, 12);
    expect(subject.taken.at(-1)).toBe('orders 12');
    expect(subject.counted).toEqual(['clicks/1', 'clicks/1']);
  });

  test('does not let through what waits for another one too, which moves', async () => {
    const subject = new Subject();
    subject.fill('clicks', 0, 1_000);
    subject.fill('clicks', 1, 100);
    await subject.pass(5 * maxWait, (passed) => passed % 30 === 0 && subject.fetch('clicks', 0, 1));
    expect(subject.hasOrder).toBe(false);
    await subject.fetch('clicks', 0, 11);
    await subject.pass(maxWait + 1);
    expect(subject.hasOrder).toBe(true);
  });

  test('is so also while the broker does not tell where it ends', async () => {
    const subject = new Subject();
    subject.isBrokerTelling = false;
    await subject.pass(maxWait - 1);
    expect(subject.hasOrder).toBe(false);
    await subject.pass(5);
    expect(subject.taken).toEqual(['orders 10']);
  });
});

describe('a partition is waited for for as long as it takes', () => {
  const day = 24 * 3_600;

  test('while it moves, however slowly: a backlog is never cut short', async () => {
    const subject = new Subject();
    subject.fill('clicks', 0, 1_000_000);
    await subject.pass(
      3_600,
      (passed) => passed % (maxWait - 5) === 0 && subject.fetch('clicks', 0, 1),
    );
    expect([subject.hasOrder, subject.counted]).toEqual([false, []]);
  });

  test('while the backlog of another is read, which comes first in every answer of the broker', async () => {
    const subject = new Subject();
    subject.fill('clicks', 0, 1_000_000);
    subject.fill('clicks', 1, 1_000_000);
    await subject.pass(600, () => subject.fetch('clicks', 0, 1, 2, 3));
    expect([subject.hasOrder, subject.counted]).toEqual([false, []]);
  });

  test('while everything is held, as in an outage of Powerspace', async () => {
    const subject = new Subject();
    subject.fill('clicks', 1, 100);
    await subject.pass(10);
    subject.reader.hold();
    await subject.pass(3_600);
    subject.reader.resume();
    await subject.pass(maxWait - 15);
    expect([subject.hasOrder, subject.counted]).toEqual([false, []]);
    await subject.fetch('clicks', 1, 1, 11);
    await subject.pass(1);
    expect(subject.taken).toEqual(['clicks 1', 'clicks 11', 'orders 10']);
  });

  test('when the process itself has stood still, or was not in its group', async () => {
    const subject = new Subject();
    subject.fill('clicks', 1, 100);
    await subject.pass(10);
    await subject.clock.advance(day * second);
    await subject.pass(maxWait - 20);
    expect([subject.hasOrder, subject.counted]).toEqual([false, []]);
  });

  test('while it waits itself, and only from when it could go on', async () => {
    const subject = new Subject();
    subject.fill('clicks', 0, 1_000);
    subject.fill('leads', 0, 100);
    await subject.fetch('leads', 0, 5);
    const slowly = (passed: number) => passed % 30 === 0 && subject.fetch('clicks', 0, 1);
    await subject.pass(300, slowly);
    await subject.fetch('clicks', 0, 20);
    await subject.pass(maxWait - 1);
    expect([subject.hasOrder, subject.counted]).toEqual([false, []]);
    await subject.pass(2);
    expect([subject.hasOrder, subject.counted]).toEqual([true, ['leads/0']]);
  });

  test('anew in each generation of the group', async () => {
    const subject = new Subject();
    subject.fill('clicks', 1, 100);
    await subject.pass(maxWait - 1);
    subject.rebalance();
    await subject.pass(maxWait - 1);
    expect([subject.hasOrder, subject.counted]).toEqual([false, []]);
  });

  test('as soon as something comes, though it had been idle for long', async () => {
    const subject = new Subject();
    await subject.fetch('clicks', 1, 1);
    await subject.pass(1);
    expect(subject.hasOrder).toBe(true);
    await subject.pass(3_600);
    subject.fill('clicks', 1, 2);
    await subject.fetch('orders', 0, 12);
    await subject.pass(maxWait - 1);
    expect(subject.taken).toEqual(['clicks 1', 'orders 10']);
  });
});

describe('a partition of another member', () => {
  const clicksAt = (progress: string) => [{ topic: 'clicks', partition: 2, progress }];

  test('is waited for for maxWait when its owner says nothing new', async () => {
    const subject = new Subject();
    subject.behind = clicksAt('5 joined=7');
    await subject.pass(maxWait - 1);
    expect(subject.hasOrder).toBe(false);
    await subject.pass(3);
    expect(subject.taken).toEqual(['orders 10']);
    expect([subject.told, subject.counted]).toEqual([['warn clicks/2'], ['clicks/2']]);
  });

  test('is waited for as long as it moves, or its owner says that it stands still by intent', async () => {
    const subject = new Subject();
    await subject.pass(3_600, (passed) => {
      subject.behind = clicksAt(`5 joined=7 rests=${Math.floor(passed / (maxWait - 5))}`);
    });
    expect([subject.hasOrder, subject.counted]).toEqual([false, []]);
  });

  test('is not given up for the time in which everything is held here', async () => {
    const subject = new Subject();
    subject.behind = clicksAt('5 joined=7');
    await subject.pass(10);
    subject.reader.hold();
    await subject.pass(3_600);
    subject.reader.resume();
    await subject.pass(maxWait - 15);
    expect([subject.hasOrder, subject.counted]).toEqual([false, []]);
  });

  test('is waited for anew in each generation of the group, in which another may have it', async () => {
    const subject = new Subject();
    subject.behind = clicksAt('5 joined=7');
    await subject.pass(maxWait - 1);
    subject.rebalance();
    await subject.pass(maxWait - 1);
    expect([subject.hasOrder, subject.counted]).toEqual([false, []]);
  });
});

describe('other members are told often enough that a partition stands still by intent', () => {
  const minutes = 5;
  /** How often it was told of the first partition of clicks. */
  async function restsIn(subject: Subject, eachSecond?: () => unknown): Promise<number> {
    await subject.pass(minutes * maxWait, eachSecond);
    return subject.find('clicks').rests;
  }

  test('while everything is held', async () => {
    const subject = new Subject();
    subject.reader.hold();
    expect(await restsIn(subject)).toBeGreaterThanOrEqual(2 * minutes);
  });

  test('while answers to an earlier generation may still come, which are not taken', async () => {
    const subject = new Subject();
    subject.reader.assignment.fetchStarted('1', subject.clock.now());
    subject.rebalance();
    await subject.pass(maxWait - 1);
    expect(subject.find('clicks').rests).toBeGreaterThanOrEqual(3);
  });

  test('while what was read waits for a part that is away', async () => {
    const subject = new Subject();
    subject.isPartAway = true;
    expect(await restsIn(subject)).toBeGreaterThanOrEqual(2 * minutes);
  });

  test('while the backlog of another is read', async () => {
    const subject = new Subject();
    subject.fill('clicks', 1, 1_000_000);
    const rests = await restsIn(subject, () => subject.fetch('clicks', 1, 1, 2, 3));
    expect(rests).toBeGreaterThanOrEqual(2 * minutes);
  });

  test('while it waits for earlier stages', async () => {
    const subject = new Subject();
    subject.fill('clicks', 1, 1_000);
    await subject.fetch('leads', 0, 5);
    await subject.pass(maxWait - 1);
    expect(subject.find('leads').rests).toBeGreaterThanOrEqual(2);
    expect(subject.find('clicks').rests).toBe(0);
  });

  test('and not when it could move', async () => {
    expect(await restsIn(new Subject())).toBe(0);
  });
});
