import { describe, expect, test } from 'vitest';
import { SourceRecord } from '../../src/kafka/partition.ts';
import { partitionOf, recordAt } from './records.ts';

function messageOf(key: Buffer | null, value: Buffer | null) {
  return { offset: '9007199254740991', timestamp: '1767225600000', key, value, size: 0 };
}

describe('a record', () => {
  test('knows its place, its time and its payload', () => {
    const partition = partitionOf('orders', 3);
    const headers = { traceparent: Buffer.from('00-…') };
    const message = { ...messageOf(Buffer.from('key'), Buffer.from('value')), headers };
    const record = new SourceRecord(partition, message);
    expect(record).toMatchObject({
      ...{ topic: 'orders', partition: 3, offset: Number.MAX_SAFE_INTEGER },
      ...{ timestamp: 1_767_225_600_000, key: Buffer.from('key'), value: Buffer.from('value') },
      ...{ headers, source: partition },
    });
  });

  test.each([
    ['key and value', Buffer.from('key'), Buffer.from('value'), 8],
    ['only a value', null, Buffer.from('value'), 5],
    ['only a key, as a tombstone has', Buffer.from('key'), null, 3],
    ['neither', null, null, 0],
  ])('holds as many bytes as %s', (_, key, value, size) => {
    expect(new SourceRecord(partitionOf('orders'), messageOf(key, value)).size).toBe(size);
  });

  test('is the same record when it is read again in a later generation', () => {
    const record = recordAt(partitionOf('orders', 1), 7);
    expect(record.isSameAs(recordAt(partitionOf('orders', 1), 7))).toBe(true);
    expect(record.isSameAs(recordAt(partitionOf('orders', 1), 8))).toBe(false);
    expect(record.isSameAs(recordAt(partitionOf('orders', 2), 7))).toBe(false);
    expect(record.isSameAs(recordAt(partitionOf('clicks', 1), 7))).toBe(false);
  });
});

describe('a partition', () => {
  test('lags behind by what is in it and was not read', () => {
    const partition = partitionOf('orders');
    expect(partition.lag).toBe(0);
    partition.position = 40;
    partition.highWatermark = 100;
    expect(partition.lag).toBe(60);
    partition.position = 101;
    expect(partition.lag).toBe(0);
  });

  test('counts what was read since the last commit', () => {
    const partition = partitionOf('orders');
    expect(partition.uncommitted).toBe(0);
    partition.position = 40;
    expect(partition.uncommitted).toBe(0);
    partition.committed = 30;
    expect(partition.uncommitted).toBe(10);
  });
});
