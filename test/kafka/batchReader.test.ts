import type { EachBatchPayload } from 'kafkajs';
import { describe, expect, test } from 'vitest';
import { BatchReader } from '../../src/kafka/batchReader.ts';
import type { SourceRecord } from '../../src/kafka/partition.ts';
import { ManualClock } from '../manualClock.ts';

/** A reader of the topic `orders` that has just been assigned its partition 0. */
function start(room = Number.POSITIVE_INFINITY) {
  const taken: SourceRecord[] = [];
  const resolved: string[] = [];
  const reader = new BatchReader({
    topics: [{ topic: 'orders', stages: ['order'] }],
    offsets: { ends: async () => new Map(), areOthersAt: async () => true },
    clock: new ManualClock(),
    log: () => {},
    room: () => room - taken.length,
    onRecords: (records) => taken.push(...records),
    fetching: { pause: () => {}, resume: () => {} },
  });
  reader.assign({ orders: [0] });
  const take = (...offsets: number[]) => reader.take(payload(offsets, resolved));
  return { reader, taken, resolved, take };
}

function payload(offsets: readonly number[], resolved: string[]): EachBatchPayload {
  const messages = offsets.map((offset) => ({
    ...{ key: null, value: Buffer.from('value'), headers: {}, attributes: 0, timestamp: '0' },
    offset: String(offset),
  }));
  const batch = {
    ...{ topic: 'orders', partition: 0, messages, highWatermark: '100' },
    fetchedOffset: String(offsets[0]),
    lastOffset: () => String(offsets.at(-1)),
  };
  return {
    batch,
    resolveOffset: (offset: string) => resolved.push(offset),
  } as unknown as EachBatchPayload;
}

const offsetsOf = (records: readonly SourceRecord[]) => records.map(({ offset }) => offset);

describe('a batch', () => {
  test('is taken whole, and resolved', async () => {
    const { taken, resolved, take } = start();
    await take(4, 5, 8);
    expect([offsetsOf(taken), resolved]).toEqual([[4, 5, 8], ['8']]);
  });

  test('is taken as far as there is room; the rest is fetched again', async () => {
    const { taken, resolved, take } = start(2);
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

describe('a log that goes on elsewhere', () => {
  test('keeps what was read before records were removed unread: it still gets its outcome', async () => {
    const { reader, taken, take } = start();
    await take(4, 5);
    await take(50, 51);
    const [first] = taken as [SourceRecord];
    expect(first.source.isRevoked).toBe(false);
    expect(reader.assignment.find('orders', 0)?.watermark.offset).toBe(4);
    for (const { source, offset } of taken) source.watermark.settle(offset);
    expect(reader.assignment.find('orders', 0)?.watermark.offset).toBe(52);
  });

  test('is another log when it begins again before', async () => {
    const { reader, taken, take } = start();
    await take(50, 51);
    await take(0, 1);
    const [first] = taken as [SourceRecord];
    expect(first.source.isRevoked).toBe(true);
    expect(reader.assignment.find('orders', 0)?.watermark.offset).toBe(0);
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
