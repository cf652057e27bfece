import { expect, test } from 'vitest';
import { BatchReader } from '../../src/kafka/batchReader.ts';
import type { AssignedPartition, SourceRecord } from '../../src/kafka/partition.ts';
import { ManualClock } from '../manualClock.ts';
import { anyOffsets, anyReading, payloadOf, recordsFrom, sameForEach } from './reading.ts';

/** A reader of a partition each of `clicks`, `leads` and `orders`, whose ends are far away. */
function start() {
  const taken: SourceRecord[] = [];
  let room = Number.POSITIVE_INFINITY;
  const reader = new BatchReader({
    topics: [
      { topic: 'clicks', stages: ['click'] },
      { topic: 'leads', stages: ['lead'] },
      { topic: 'orders', stages: ['order'] },
    ],
    ...anyReading,
    offsets: { ...anyOffsets, ends: async (partitions) => sameForEach(partitions, 100) },
    clock: new ManualClock(),
    room: () => room,
    onRecords(records) {
      taken.push(...records);
      room -= records.length;
    },
    fetching: { pause: () => {}, resume: () => {}, restart: () => {} },
  });
  reader.assign({ clicks: [0], leads: [0], orders: [0] });
  return {
    taken: () => taken.map((record) => `${record.topic} ${record.timestamp}`),
    setRoom(records: number) {
      room = records;
    },
    /** Hands over what follows in a topic, records with these timestamps. */
    async take(topic: string, ...timestamps: readonly number[]) {
      const partition = reader.assignment.find(topic, 0) as AssignedPartition;
      const records = recordsFrom(partition.position ?? 0, timestamps);
      await reader.take(payloadOf({ topic, records }));
    },
  };
}

test('for want of room a lead stays behind, and so does the order after it, though a later lead waits for its click', async () => {
  const { take, taken, setRoom } = start();
  await take('clicks', 1, 10);
  setRoom(1);
  await take('leads', 5, 6, 7, 12);
  setRoom(100);
  await take('orders', 4, 6);
  expect(taken()).toEqual(['clicks 1', 'clicks 10', 'leads 5', 'orders 4']);

  await take('leads', 6, 7, 12);
  await take('orders', 6);
  expect(taken().slice(4)).toEqual(['leads 6', 'leads 7', 'orders 6']);
});
