import { describe, expect, test } from 'vitest';
import type { AssignedPartition, SourceRecord } from '../../src/kafka/partition.ts';
import { type BrokerOffsets, StageGate } from '../../src/kafka/stageGate.ts';
import type { TopicStages } from '../../src/kafka/stageOrder.ts';
import { partitionOf, recordsOf } from './records.ts';

const topics: readonly TopicStages[] = [
  { topic: 'clicks', stages: ['click'] },
  { topic: 'leads', stages: ['lead'] },
  { topic: 'orders', stages: ['order'] },
  { topic: 'mixed', stages: ['click', 'order'] },
];

/** A gate before these partitions, and a broker that knows their ends. */
class Subject {
  readonly partitions: readonly AssignedPartition[];
  readonly gate: StageGate;
  readonly ends = new Map<AssignedPartition, number>();
  isBrokerDown = false;
  /** Of topics that other members have partitions of: up to which timestamp the group has committed them. */
  readonly others = new Map<string, number>();
  /** How often the broker was asked. */
  asked = 0;

  constructor(...names: readonly string[]) {
    this.partitions = names.map((topic, index) => partitionOf(topic, index));
    for (const partition of this.partitions) this.ends.set(partition, 100);
    const offsets: BrokerOffsets = {
      ends: async (partitions) => {
        this.asked += 1;
        if (this.isBrokerDown) throw new Error('the broker is down');
        return new Map(partitions.map((partition) => [partition, this.ends.get(partition) ?? 0]));
      },
      othersBehind: async (timestamps) => {
        if (this.isBrokerDown && this.others.size > 0) throw new Error('the broker is down');
        return [...timestamps]
          .filter(([topic, at]) => at > (this.others.get(topic) ?? Infinity))
          .map(([topic]) => ({ topic, partition: 0, progress: String(this.others.get(topic)) }));
      },
    };
    this.gate = new StageGate(topics, offsets, { maxWait: 60_000, onStandstill: () => {} });
  }

  partition(index: number): AssignedPartition {
    return this.partitions[index] as AssignedPartition;
  }

  /** Offers records with these timestamps; how many may go on. */
  offer(index: number, ...timestamps: readonly number[]): Promise<number> {
    const partition = this.partition(index);
    partition.position ??= 0;
    const records: readonly SourceRecord[] = recordsOf(partition, timestamps, partition.position);
    return this.gate.admit(partition, records, this.partitions);
  }

  /** Reads the partition on: so many records, the latest with this timestamp. */
  readTo(index: number, position: number, latestTimestamp: number): void {
    const partition = this.partition(index);
    partition.position = position;
    partition.latestTimestamp = Math.max(partition.latestTimestamp, latestTimestamp);
    this.gate.release(this.partitions);
  }

  isBlocked(index: number): boolean {
    return this.gate.isBlocked(this.partition(index));
  }
}

describe('records of the first stage', () => {
  test('wait for nothing', async () => {
    const subject = new Subject('clicks', 'clicks', 'leads', 'orders');
    expect(await subject.offer(0, 5, 6)).toBe(2);
    expect(subject.asked).toBe(0);
  });
});

describe.each([
  ['a lead', 'leads', 'clicks'],
  ['an order', 'orders', 'clicks'],
  ['an order', 'orders', 'leads'],
])('%s waits in %s for the topic %s', (_, topic, earlier) => {
  test('until it was read past the time of the record', async () => {
    const subject = new Subject(earlier, topic);
    expect(await subject.offer(1, 10)).toBe(0);
    expect(subject.isBlocked(1)).toBe(true);
    subject.readTo(0, 5, 9);
    expect(subject.isBlocked(1)).toBe(true);
    subject.readTo(0, 6, 11);
    expect(subject.isBlocked(1)).toBe(false);
    expect(await subject.offer(1, 10)).toBe(1);
  });

  test('also while only records of the same time were read: there may be more of them', async () => {
    const subject = new Subject(earlier, topic);
    subject.readTo(0, 5, 10);
    expect(await subject.offer(1, 9, 10, 11)).toBe(1);
    expect(subject.isBlocked(1)).toBe(true);
  });

  test('until nothing is left in it of what was there when the record was read', async () => {
    const subject = new Subject(earlier, topic);
    subject.ends.set(subject.partition(0), 3);
    expect(await subject.offer(1, 10, 11)).toBe(0);
    subject.ends.set(subject.partition(0), 1_000);
    subject.readTo(0, 2, 1);
    expect(subject.isBlocked(1)).toBe(true);
    subject.readTo(0, 3, 2);
    expect(subject.isBlocked(1)).toBe(false);
    expect(await subject.offer(1, 10, 11)).toBe(2);
  });

  test('not at all when it is empty, or was read to its end', async () => {
    const subject = new Subject(earlier, earlier, topic);
    subject.ends.set(subject.partition(0), 0);
    subject.ends.set(subject.partition(1), 7);
    subject.readTo(1, 7, 1);
    expect(await subject.offer(2, 10)).toBe(1);
    expect(subject.isBlocked(2)).toBe(false);
  });

  test('not at all when the group had read it to its end before', async () => {
    const subject = new Subject(earlier, topic);
    subject.partition(0).startPosition = 100;
    expect(await subject.offer(1, 10)).toBe(1);
  });
});

describe('a partition that is read to an end of its own', () => {
  test('holds up nothing once it was read up to there, whatever lies beyond', async () => {
    const subject = new Subject('clicks', 'orders');
    subject.partition(0).end = 7;
    subject.readTo(0, 6, 1);
    expect(await subject.offer(1, 10)).toBe(0);
    subject.readTo(0, 7, 1);
    expect(subject.isBlocked(1)).toBe(false);
    expect(await subject.offer(1, 10)).toBe(1);
  });
});

describe('a partition that waits', () => {
  test('lets the records before the first that must wait through', async () => {
    const subject = new Subject('clicks', 'orders');
    subject.readTo(0, 5, 20);
    expect(await subject.offer(1, 5, 19, 20, 6)).toBe(2);
    expect(subject.isBlocked(1)).toBe(true);
  });

  test('waits for each of several partitions in its own way: one read past, one at its end', async () => {
    const subject = new Subject('clicks', 'clicks', 'clicks', 'orders');
    subject.ends.set(subject.partition(1), 2);
    subject.ends.set(subject.partition(2), 0);
    expect(await subject.offer(3, 10)).toBe(0);
    subject.readTo(0, 5, 50);
    expect(subject.isBlocked(3)).toBe(true);
    subject.readTo(1, 2, 3);
    expect(subject.isBlocked(3)).toBe(false);
  });

  test('does not start to wait again with the same record because more has come', async () => {
    const subject = new Subject('clicks', 'clicks', 'orders');
    subject.ends.set(subject.partition(1), 0);
    expect(await subject.offer(2, 10, 12)).toBe(0);
    subject.readTo(0, 5, 11);
    subject.ends.set(subject.partition(1), 50);
    expect(await subject.offer(2, 10, 12)).toBe(1);
    expect(subject.isBlocked(2)).toBe(true);
  });

  test('is not held up by one of a later stage, nor by its own topic when that has one stage', async () => {
    const subject = new Subject('clicks', 'leads', 'leads', 'orders');
    subject.readTo(0, 5, 20);
    expect(await subject.offer(1, 10)).toBe(1);
  });

  test('is forgotten with its generation', async () => {
    const subject = new Subject('clicks', 'orders');
    await subject.offer(1, 10);
    subject.partition(1).isRevoked = true;
    subject.gate.release([]);
    expect(subject.isBlocked(1)).toBe(false);
  });
});

describe('partitions that wait for each other', () => {
  test('go in the order of the records with which they wait', async () => {
    const subject = new Subject('mixed', 'mixed');
    expect(await subject.offer(0, 20)).toBe(0);
    expect(await subject.offer(1, 10, 15, 25)).toBe(2);
    expect([subject.isBlocked(0), subject.isBlocked(1)]).toEqual([true, true]);
    subject.readTo(1, 2, 15);
    expect([subject.isBlocked(0), subject.isBlocked(1)]).toEqual([false, true]);
    expect(await subject.offer(0, 20)).toBe(1);
  });

  test('are not held up by a third in which nothing is left', async () => {
    const subject = new Subject('mixed', 'mixed', 'mixed');
    subject.ends.set(subject.partition(2), 0);
    expect(await subject.offer(0, 20)).toBe(0);
    expect(await subject.offer(1, 10, 25)).toBe(1);
    subject.readTo(1, 1, 10);
    expect(subject.isBlocked(0)).toBe(false);
    expect(await subject.offer(0, 20)).toBe(1);
  });

  test('go on one after the other when they wait with records of the same time', async () => {
    const subject = new Subject('mixed', 'mixed');
    expect(await subject.offer(0, 10)).toBe(0);
    expect(await subject.offer(1, 10)).toBe(1);
    subject.readTo(1, 1, 10);
    subject.readTo(1, 100, 11);
    expect(subject.isBlocked(0)).toBe(false);
  });
});

describe('a broker that does not tell its offsets', () => {
  test('makes the records come again, and blocks nothing', async () => {
    const subject = new Subject('clicks', 'orders');
    subject.isBrokerDown = true;
    await expect(subject.offer(1, 10)).rejects.toThrow('the broker is down');
    expect(subject.isBlocked(1)).toBe(false);
    subject.isBrokerDown = false;
    subject.ends.set(subject.partition(0), 0);
    expect(await subject.offer(1, 10)).toBe(1);
  });

  test('is not asked for records that need not wait', async () => {
    const subject = new Subject('clicks', 'orders');
    subject.isBrokerDown = true;
    subject.readTo(0, 5, 20);
    expect(await subject.offer(1, 10, 19)).toBe(2);
    expect(subject.asked).toBe(0);
  });
});

describe('partitions of other members', () => {
  test('must be committed past the time of the record', async () => {
    const subject = new Subject('orders');
    subject.others.set('leads', 10);
    expect(await subject.offer(0, 10)).toBe(0);
    expect(subject.isBlocked(0)).toBe(true);
    subject.others.set('leads', 11);
    subject.gate.lookAgain();
    expect(subject.isBlocked(0)).toBe(false);
    expect(await subject.offer(0, 10)).toBe(1);
  });

  test('hold up the later records of a batch only', async () => {
    const subject = new Subject('orders');
    subject.others.set('clicks', 6);
    expect(await subject.offer(0, 5, 4, 5, 6, 7)).toBe(3);
    expect(subject.isBlocked(0)).toBe(true);
  });

  test('hold up a record, and with it those after it, though a later one waits in a partition of our own', async () => {
    const subject = new Subject('clicks', 'leads', 'orders');
    subject.readTo(0, 2, 10);
    subject.others.set('clicks', 6);
    expect(await subject.offer(1, 5, 6, 12)).toBe(1);
    subject.readTo(1, 1, 5);
    subject.others.set('clicks', 100);
    subject.gate.lookAgain();
    expect(await subject.offer(2, 6)).toBe(0);
    expect(await subject.offer(1, 6, 12)).toBe(1);
    subject.readTo(1, 2, 6);
    expect(await subject.offer(2, 6)).toBe(1);
  });

  test('of a later stage are waited for by nobody', async () => {
    const subject = new Subject('leads', 'clicks');
    subject.others.set('orders', 0);
    subject.others.set('leads', 0);
    subject.readTo(1, 100, 50);
    expect(await subject.offer(0, 10)).toBe(1);
    expect(await subject.offer(1, 60)).toBe(1);
  });

  test('of a topic with several stages let a record of the same time go first', async () => {
    const subject = new Subject('mixed');
    subject.others.set('mixed', 10);
    expect(await subject.offer(0, 10)).toBe(1);
    expect(await subject.offer(0, 11)).toBe(0);
  });

  test('are not taken to be there while the broker does not tell', async () => {
    const subject = new Subject('orders');
    subject.others.set('leads', 100);
    subject.isBrokerDown = true;
    await expect(subject.offer(0, 10)).rejects.toThrow('the broker is down');
  });
});
