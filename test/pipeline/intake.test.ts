import { describe, expect, test } from 'vitest';
import { type AssignedPartition, SourceRecord } from '../../src/kafka/partition.ts';
import { defaultIntakeLimits, Intake, type IntakeLimits } from '../../src/pipeline/intake.ts';
import { partitionOf } from '../kafka/records.ts';

/** An intake, and what it asked for so far. */
function intakeOf(limits: Partial<IntakeLimits> = {}) {
  const intake = new Intake({ records: 10, bytes: 1_000, ...limits });
  const asked: ('pause' | 'more')[] = [];
  intake.onFull = () => asked.push('pause');
  intake.onRoom = () => asked.push('more');
  return { intake, asked };
}

const orders = partitionOf('orders');

function recordsFrom(first: number, count: number, options: RecordOptions = {}): SourceRecord[] {
  const { partition = orders, bytes = 1 } = options;
  return Array.from({ length: count }, (_, index) => {
    const message = { offset: String(first + index), timestamp: '0', key: null, size: bytes };
    return new SourceRecord(partition, { ...message, value: Buffer.alloc(bytes) });
  });
}

interface RecordOptions {
  readonly partition?: AssignedPartition;
  readonly bytes?: number;
}

function offsetsOf(records: readonly SourceRecord[] | undefined): number[] | undefined {
  return records?.map(({ offset }) => offset);
}

describe('what is taken', () => {
  test('comes in the order in which it was added, up to the limit', async () => {
    const { intake } = intakeOf();
    intake.add(recordsFrom(0, 3));
    intake.add(recordsFrom(3, 4));
    expect(offsetsOf(await intake.take(2))).toEqual([0, 1]);
    expect(offsetsOf(await intake.take(3))).toEqual([2, 3, 4]);
    expect(offsetsOf(await intake.take(100))).toEqual([5, 6]);
  });

  test('is waited for', async () => {
    const { intake } = intakeOf();
    const taking = intake.take(10);
    intake.add(recordsFrom(0, 1));
    expect(offsetsOf(await taking)).toEqual([0]);
    const takingAgain = intake.take(10);
    intake.add(recordsFrom(1, 1));
    expect(offsetsOf(await takingAgain)).toEqual([1]);
  });

  test('counts as held until it is released', async () => {
    const { intake } = intakeOf();
    const records = recordsFrom(0, 3);
    intake.add(records);
    await intake.take(10);
    expect(intake.heldRecords).toBe(3);
    for (const record of records) intake.release(record);
    expect(intake.heldRecords).toBe(0);
  });

  test('leaves out, and lets go, what belongs to a partition that was revoked', async () => {
    const { intake, asked } = intakeOf();
    const partition = partitionOf('orders', 1);
    intake.add(recordsFrom(0, 8, { partition }));
    intake.add(recordsFrom(0, 2));
    partition.isRevoked = true;
    expect(await intake.take(5)).toEqual([]);
    expect(offsetsOf(await intake.take(5))).toEqual([0, 1]);
    expect(intake.heldRecords).toBe(2);
    expect(asked).toEqual(['pause', 'more']);
  });
});

describe('an intake that is full', () => {
  test.each([
    ['records', { records: 10 }, 1, 10],
    ['bytes', { bytes: 100 }, 25, 4],
  ])(
    'of %s asks for a pause once, and for more once it is half empty',
    (_, limits, bytes, count) => {
      const { intake, asked } = intakeOf(limits);
      const records = recordsFrom(0, count, { bytes });
      intake.add(records.slice(0, count - 1));
      expect(asked).toEqual([]);
      intake.add(records.slice(count - 1));
      const more = recordsFrom(100, 2, { bytes });
      intake.add(more);
      expect(asked).toEqual(['pause']);
      const held = [...more, ...records];
      while (held.length > count / 2) intake.release(held.pop() as SourceRecord);
      expect(asked).toEqual(['pause']);
      intake.release(held.pop() as SourceRecord);
      expect(asked).toEqual(['pause', 'more']);
      intake.add(recordsFrom(200, count, { bytes }));
      expect(asked).toEqual(['pause', 'more', 'pause']);
    },
  );

  test('of one record that is larger than all it may hold goes on once that is released', () => {
    const { intake, asked } = intakeOf();
    const [record] = recordsFrom(0, 1, { bytes: 5_000 });
    intake.add([record as SourceRecord]);
    intake.release(record as SourceRecord);
    expect(asked).toEqual(['pause', 'more']);
  });

  test('holds 10,000 records or 16 MB unless told otherwise', () => {
    expect(defaultIntakeLimits).toEqual({ records: 10_000, bytes: 16_777_216 });
  });
});

describe('an intake that is closed', () => {
  test('ends whoever waits for records, and gives none any more', async () => {
    const { intake } = intakeOf();
    const taking = intake.take(10);
    intake.close();
    expect(await taking).toBeUndefined();
    intake.add(recordsFrom(0, 1));
    expect(await intake.take(10)).toBeUndefined();
  });

  test('gives nothing of what waits in it', async () => {
    const { intake } = intakeOf();
    intake.add(recordsFrom(0, 1));
    intake.close();
    expect(await intake.take(10)).toBeUndefined();
  });

  test('asks for no more when what it held is released', () => {
    const { intake, asked } = intakeOf();
    const records = recordsFrom(0, 10);
    intake.add(records);
    intake.close();
    for (const record of records) intake.release(record);
    expect(asked).toEqual(['pause']);
  });
});
