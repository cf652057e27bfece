import { expect, test } from 'vitest';
import { BatchReader } from '../../src/kafka/batchReader.ts';
import { ManualClock, settlePromises } from '../manualClock.ts';
import { anyOffsets, anyReading, payloadOf, recordsFrom } from './reading.ts';

const second = 1_000;

/** A reader of partition 0 of `orders`, held, with room for so many records, and a batch of 0 to 4 that it takes. */
function startHeld(room: number) {
  const clock = new ManualClock();
  const taken: number[] = [];
  const resolved: string[] = [];
  const fetching: string[] = [];
  let heartbeats = 0;
  let failure: Error | undefined;
  let isStale = false;
  const reader: BatchReader = new BatchReader({
    ...anyReading,
    topics: [{ topic: 'orders', stages: ['order'] }],
    offsets: anyOffsets,
    clock,
    room: () => room,
    onRecords(records) {
      taken.push(...records.map(({ offset }) => offset));
      room -= records.length;
      if (room === 0) reader.hold();
    },
    fetching: {
      pause: () => fetching.push('pause'),
      resume: () => fetching.push('resume'),
      restart: () => {},
    },
  });
  reader.assign({ orders: [0] });
  fetching.length = 0;
  reader.assignment.fetchStarted('1', clock.now());
  reader.hold();
  const batch = { topic: 'orders', records: recordsFrom(0, [0, 0, 0, 0, 0]), lastOffset: 6 };
  const payload = payloadOf(batch, {
    resolveOffset: (offset) => resolved.push(offset),
    async heartbeat() {
      heartbeats += 1;
      if (failure) throw failure;
    },
    isStale: () => isStale,
  });
  let isOpen = true;
  const taking = reader.take(payload).then(() => {
    isOpen = false;
  });
  return {
    ...{ reader, clock, taking, taken, resolved, fetching },
    isOpen: () => isOpen,
    heartbeats: () => heartbeats,
    async makeRoom(records: number) {
      room = records;
      reader.resume();
      await settlePromises();
    },
    failHeartbeats() {
      failure = new Error('the group is rebalancing');
    },
    seek() {
      isStale = true;
    },
  };
}

test('what there is no room for waits in its batch, and nothing of it is fetched again', async () => {
  const { clock, taken, resolved, fetching, taking, reader, makeRoom, isOpen } = startHeld(0);
  await clock.advance(second);
  expect([taken, isOpen()]).toEqual([[], true]);

  await makeRoom(5);
  await taking;
  expect([taken, resolved, fetching]).toEqual([[0, 1, 2, 3, 4], ['4'], []]);
  expect(reader.assignment.find('orders', 0)?.position).toBe(7);
});

test('it is handed on piece by piece, as room comes', async () => {
  const { clock, taken, resolved, taking, fetching, makeRoom } = startHeld(0);
  await clock.advance(second);
  await makeRoom(2);
  await makeRoom(1);
  expect([taken, resolved]).toEqual([
    [0, 1, 2],
    ['1', '2'],
  ]);
  await makeRoom(100);
  await taking;
  expect([taken, resolved, fetching]).toEqual([[0, 1, 2, 3, 4], ['1', '2', '4'], []]);
});

test('a batch is given back after seconds, and fetching is paused until there is room', async () => {
  const { clock, taken, resolved, fetching, taking, isOpen, makeRoom } = startHeld(2);
  await clock.advance(4 * second);
  expect([isOpen(), fetching]).toEqual([true, []]);
  await clock.advance(2 * second);
  await taking;
  expect([taken, resolved, fetching]).toEqual([[0, 1], ['1'], ['pause']]);
  expect(clock.pending).toBe(0);

  await makeRoom(5);
  expect(fetching).toEqual(['pause', 'resume']);
});

test('the heart beats while a batch waits, and the batch is given back when it fails', async () => {
  const { clock, taken, isOpen, heartbeats, failHeartbeats } = startHeld(0);
  await clock.advance(second);
  expect(heartbeats()).toBeGreaterThan(1);
  expect(isOpen()).toBe(true);
  failHeartbeats();
  await clock.advance(second);
  expect([isOpen(), taken]).toEqual([false, []]);
});

test('nothing more is taken of a batch once its partition may be another member’s, or is read elsewhere', async () => {
  for (const part of ['fence', 'seek'] as const) {
    const { clock, reader, taken, resolved, isOpen, seek, makeRoom } = startHeld(0);
    await clock.advance(second);
    if (part === 'fence') reader.assignment.fence();
    else seek();
    await clock.advance(second);
    expect(isOpen()).toBe(false);
    await makeRoom(5);
    expect([taken, resolved]).toEqual([[], []]);
  }
});
