import type { EachBatchPayload } from 'kafkajs';
import { describe, expect, test } from 'vitest';
import { BatchReader } from '../../src/kafka/batchReader.ts';
import type { AssignedPartition, SourceRecord } from '../../src/kafka/partition.ts';
import { ManualClock } from '../manualClock.ts';
import { anyOffsets, anyReading, payloadOf, sameForEach } from './reading.ts';

interface Given {
  readonly room?: number;
  /** What the group has committed, by the broker; an error where it doesn't tell. */
  readonly committed?: () => number | Error;
  /** The first offset that the partition has. */
  readonly first?: number;
  /** Where reading it ends. */
  readonly end?: number;
}

/** A reader of the topic `orders` that has just been assigned its partition 0. */
function start({ room = Number.POSITIVE_INFINITY, committed = () => 4, ...given }: Given = {}) {
  const { first = 0, end = Number.POSITIVE_INFINITY } = given;
  const paused: AssignedPartition[] = [];
  const taken: SourceRecord[] = [];
  const resolved: string[] = [];
  const logged: unknown[] = [];
  const restarted: AssignedPartition[] = [];
  const reader = new BatchReader({
    topics: [{ topic: 'orders', stages: ['order'] }],
    ...anyReading,
    offsets: {
      ...anyOffsets,
      async committed(partitions) {
        const offset = committed();
        if (offset instanceof Error) throw offset;
        return sameForEach(partitions, offset);
      },
      firsts: async (partitions) => sameForEach(partitions, first),
    },
    clock: new ManualClock(),
    isFirstRun: false,
    log: (level, message, { expectedOffset, offset }) =>
      logged.push(`${level}: ${message} (${expectedOffset} to ${offset})`),
    room: () => room - taken.length,
    onRecords: (records) => taken.push(...records),
    endOf: () => end,
    fetching: {
      pause: (partition) => paused.push(partition),
      resume: () => {},
      restart: (partition) => restarted.push(partition),
    },
  });
  reader.assign({ orders: [0] });
  const take = (...offsets: number[]) => reader.take(payload(offsets, resolved));
  const find = () => reader.assignment.find('orders', 0) as AssignedPartition;
  return { reader, taken, resolved, logged, restarted, paused, take, find };
}

function payload(
  offsets: readonly number[],
  resolved: string[],
  fetchedOffset = offsets[0],
): EachBatchPayload {
  const records = offsets.map((offset) => ({ offset }));
  const resolveOffset = (offset: string) => resolved.push(offset);
  return payloadOf({ topic: 'orders', records, fetchedOffset }, { resolveOffset });
}

const offsetsOf = (records: readonly SourceRecord[]) => records.map(({ offset }) => offset);

describe('a batch', () => {
  test('is taken whole, and resolved', async () => {
    const { taken, resolved, take } = start();
    await take(4, 5, 8);
    expect([offsetsOf(taken), resolved]).toEqual([[4, 5, 8], ['8']]);
  });

  test('is taken as far as there is room; the rest is fetched again', async () => {
    const { taken, resolved, take } = start({ room: 2 });
    await take(4, 5, 8);
    await take(8, 9);
    expect([offsetsOf(taken), resolved]).toEqual([[4, 5], ['5']]);
  });

  test('of a partition that is not assigned is left alone', async () => {
    const { reader, taken, resolved, take } = start();
    reader.assignment.fence();
    await take(4);
    expect([taken, resolved]).toEqual([[], []]);
  });
});

describe('a partition that is read to an end', () => {
  test('gives what lies before it, counts as read up to there, and is fetched no more', async () => {
    const { taken, resolved, paused, take, find } = start({ end: 8 });
    await take(4, 5, 8, 9);
    expect([offsetsOf(taken), resolved, paused]).toEqual([[4, 5], ['5'], [find()]]);
    for (const { source, offset } of taken) source.watermark.settle(offset);
    expect([find().watermark.offset, find().hasReachedEnd]).toEqual([8, true]);
    await take(6, 8, 9);
    expect(offsetsOf(taken)).toEqual([4, 5]);
  });

  test('has reached it when nothing before it is left', async () => {
    const { reader, taken, resolved, paused, take, find } = start({ end: 8 });
    await take(4);
    await reader.take(payload([12, 13], resolved, 5));
    expect([offsetsOf(taken), resolved, paused]).toEqual([[4], ['4'], [find()]]);
    expect(find().position).toBe(8);
  });

  test('gives nothing where the group has read it to its end before', async () => {
    const { taken, paused, logged, take, find } = start({ end: 4 });
    await take(4, 5);
    expect([taken, paused, logged]).toEqual([[], [find()], []]);
  });
});

const removed = 'error: records were removed from a topic before they were read';
const unknown = 'warn: the group has no offset of a partition; it is read from its beginning';
const recreated = 'error: a topic was recreated; it is read from its beginning';

describe('a log that goes on elsewhere', () => {
  test('keeps what was read before records were removed unread: it still gets its outcome', async () => {
    const { taken, logged, take, find } = start();
    await take(4, 5);
    await take(50, 51);
    const [first] = taken as [SourceRecord];
    expect(first.source.isRevoked).toBe(false);
    expect(find().watermark.offset).toBe(4);
    for (const { source, offset } of taken) source.watermark.settle(offset);
    expect(find().watermark.offset).toBe(52);
    expect(logged).toEqual([`${removed} (6 to 50)`]);
  });

  test('is another log when it begins again before: what was read of the old one settles apart', async () => {
    const { taken, logged, take, find } = start({ committed: () => 50 });
    await take(50, 51);
    await take(0, 1);
    const [first] = taken as [SourceRecord];
    expect(first.source.isRevoked).toBe(false);
    expect(first.source).not.toBe(find());
    expect(find().watermark.offset).toBe(0);
    expect(logged).toEqual([`${recreated} (52 to 0)`]);
  });
});

describe('the first batch of a partition', () => {
  test('is what the group has committed, or the first that there is where it has nothing', async () => {
    for (const [committed, offset] of [
      [7, 7],
      [-1, 3],
    ] as const) {
      const { logged, take, taken } = start({ committed: () => committed, first: 3 });
      await take(offset, offset + 1);
      expect(offsetsOf(taken)).toEqual([offset, offset + 1]);
      expect(logged).toEqual(committed < 0 ? [`${unknown} (undefined to ${offset})`] : []);
    }
  });

  test('that is not the first of its log, though the group has read nothing, is of another log: it is read afresh', async () => {
    const { logged, restarted, take, taken } = start({ committed: () => -1 });
    await take(7);
    expect(restarted).toHaveLength(1);
    await take(0);
    expect(offsetsOf(taken)).toEqual([0]);
    expect(logged).toEqual([`${recreated} (7 to 0)`]);
  });

  test('that lies above what the group has committed tells that records were removed meanwhile', async () => {
    const { logged, take, find } = start({ committed: () => 7 });
    await take(9);
    expect(logged).toEqual([`${removed} (7 to 9)`]);
    expect(find().watermark.offset).toBe(9);
  });

  test('that lies below tells of another log', async () => {
    const { logged, take, find } = start({ committed: () => 7 });
    await take(0);
    expect(logged).toEqual([`${recreated} (7 to 0)`]);
    expect(find().watermark.offset).toBe(0);
  });

  test('is left alone, to be fetched again, until the broker tells what the group has committed', async () => {
    let committed: number | Error = new Error('down');
    const { take, taken, resolved } = start({ committed: () => committed });
    await take(7);
    expect([taken, resolved]).toEqual([[], []]);
    committed = 7;
    await take(7);
    expect([offsetsOf(taken), resolved]).toEqual([[7], ['7']]);
  });
});

describe('a topic that is recreated, and grows beyond where the one before was read', () => {
  test('is found out before its offset is committed, since the group has lost its own', async () => {
    let committed = 7;
    const { reader, taken, logged, restarted, take, find } = start({ committed: () => committed });
    await take(7, 8);
    const before = find();
    for (const { source, offset } of taken) source.watermark.settle(offset);
    await reader.restartWhatIsLost();
    expect(restarted).toEqual([]);

    committed = -1;
    await reader.restartWhatIsLost();
    expect(restarted).toEqual([before]);
    expect(logged).toEqual([`${recreated} (9 to 0)`]);
    await take(0, 1);
    expect(find().watermark.offset).toBe(0);
    expect(logged).toHaveLength(1);
  });

  test('is not assumed where the group never had an offset, or the broker does not tell', async () => {
    let committed: number | Error = -1;
    const { reader, taken, restarted, take, find } = start({ committed: () => committed });
    await take(0, 1);
    for (const { source, offset } of taken) source.watermark.settle(offset);
    await reader.restartWhatIsLost();
    find().committed = 1;
    committed = new Error('down');
    await expect(reader.restartWhatIsLost()).rejects.toThrow('down');
    expect(restarted).toEqual([]);
  });

  test('is told also when a rebalance comes between', async () => {
    let committed = 7;
    const { reader, logged, restarted, take } = start({ committed: () => committed });
    await take(7, 8);
    committed = -1;
    reader.assign({ orders: [0] });
    await take(0);
    expect([logged, restarted]).toEqual([[`${recreated} (7 to 0)`], []]);
  });
});

describe('a batch of nothing but markers of transactions', () => {
  test('is passed over', () => {
    const { reader } = start();
    expect(reader.skip('orders', 0, '8')).toBe(true);
    expect(reader.assignment.find('orders', 0)?.position).toBe(9);
  });

  test('of a partition that is not assigned is of no interest', () => {
    const { reader } = start();
    expect(reader.skip('orders', 7, '8')).toBe(true);
  });

  test('is not trusted while fetches of an earlier generation may still come in: kafkajs has moved by itself', () => {
    const { reader } = start();
    reader.assignment.fetchStarted('1', new ManualClock().now());
    reader.assign({ orders: [0] });
    expect(reader.skip('orders', 0, '8')).toBe(false);
    expect(reader.assignment.find('orders', 0)?.position).toBeUndefined();
  });
});
