import { describe, expect, test } from 'vitest';
import { Committer } from '../../src/kafka/committer.ts';
import type { AssignedPartition } from '../../src/kafka/partition.ts';
import { partitionOf } from './records.ts';

/** A committer, and the offsets that went to the broker, a text a commit. */
function committing() {
  const committer = new Committer();
  const commits: string[] = [];
  committer.use(async (offsets) => {
    const topics = offsets?.topics ?? [];
    commits.push(
      topics
        .flatMap(({ topic, partitions }) =>
          partitions.map(({ partition, offset }) => `${topic}/${partition} ${offset}`),
        )
        .join(', '),
    );
  });
  return { committer, commits };
}

/** A partition that was read from `first` up to, not including, `position`. */
function readFrom(first: number, position: number, topic = 'orders', index = 0) {
  const partition = partitionOf(topic, index);
  for (let offset = first; offset < position; offset += 1) partition.watermark.read(offset);
  partition.position = position;
  return partition;
}

function settleTo(partition: AssignedPartition, position: number): void {
  for (let offset = 0; offset < position; offset += 1) partition.watermark.settle(offset);
}

describe('a commit', () => {
  test('holds the watermark of every partition that moved, in one request', async () => {
    const { committer, commits } = committing();
    const partitions = [readFrom(3, 9), readFrom(0, 4, 'orders', 1), readFrom(7, 8, 'clicks', 2)];
    for (const partition of partitions) settleTo(partition, 8);
    await committer.commit(partitions);
    expect(commits).toEqual(['orders/0 8, orders/1 4, clicks/2 8']);
    expect(partitions.map(({ committed }) => committed)).toEqual([8, 4, 8]);
  });

  test('is not made when nothing moved since the last', async () => {
    const { committer, commits } = committing();
    const moving = readFrom(0, 10);
    const standing = readFrom(0, 10, 'orders', 1);
    settleTo(moving, 5);
    await committer.commit([moving, standing]);
    await committer.commit([moving, standing]);
    settleTo(moving, 6);
    await committer.commit([moving, standing]);
    expect(commits).toEqual(['orders/0 5, orders/1 0', 'orders/0 6']);
  });

  test('tells others how far was joined, also when only that has moved', async () => {
    const metadata: unknown[] = [];
    const committer = new Committer();
    committer.use(async (offsets) => {
      metadata.push(...(offsets?.topics ?? []).flatMap(({ partitions }) => partitions));
    });
    const partition = readFrom(0, 10);
    partition.joinedTo = 4;
    await committer.commit([partition]);
    await committer.commit([partition]);
    partition.joinedTo = 10;
    await committer.commit([partition]);
    settleTo(partition, 10);
    await committer.commit([partition]);
    expect(metadata).toEqual([
      { partition: 0, offset: '0', metadata: 'joined=4' },
      { partition: 0, offset: '0', metadata: 'joined=10' },
      { partition: 0, offset: '10', metadata: 'joined=10' },
    ]);
  });

  test('tells others of a rest, once each time, also of a partition that nothing was read from yet', async () => {
    const told: unknown[] = [];
    const committer = new Committer();
    committer.use(async (offsets) => {
      told.push(...(offsets?.topics ?? []).flatMap(({ partitions }) => partitions));
    });
    const reading = readFrom(0, 10);
    reading.joinedTo = 4;
    reading.committed = 0;
    reading.committedJoinedTo = 4;
    const unread = partitionOf('orders', 1);
    unread.groupOffset = 7;
    const unheardOf = partitionOf('orders', 2);
    unheardOf.groupOffset = -1;
    const partitions = [reading, unread, unheardOf];
    await committer.commit(partitions);
    expect(told).toEqual([]);
    for (const partition of partitions) partition.rests += 1;
    await committer.commit(partitions);
    await committer.commit(partitions);
    expect(told).toEqual([
      { partition: 0, offset: '0', metadata: 'joined=4 rests=1' },
      { partition: 1, offset: '7', metadata: 'joined=7 rests=1' },
    ]);
  });

  test('is not made for a partition that nothing was read from', async () => {
    const { committer, commits } = committing();
    await committer.commit([partitionOf('orders')]);
    expect(commits).toEqual([]);
  });

  test('never goes back', async () => {
    const { committer, commits } = committing();
    const partition = readFrom(0, 10);
    partition.committed = 20;
    settleTo(partition, 10);
    await committer.commit([partition]);
    expect(commits).toEqual([]);
  });

  test('is made again when the broker did not take it', async () => {
    const { committer, commits } = committing();
    const partition = readFrom(0, 3);
    settleTo(partition, 2);
    const failing = new Committer();
    failing.use(async () => {
      throw new Error('REBALANCE_IN_PROGRESS');
    });
    await expect(failing.commit([partition])).rejects.toThrow('REBALANCE_IN_PROGRESS');
    expect(partition.committed).toBeUndefined();
    await committer.commit([partition]);
    expect(commits).toEqual(['orders/0 2']);
  });

  test('is of the watermark at the call, whatever is settled before the broker answers', async () => {
    const committer = new Committer();
    const partition = readFrom(0, 3);
    committer.use(async () => settleTo(partition, 3));
    await committer.commit([partition]);
    expect(partition.committed).toBe(0);
  });

  test('waits for a batch, which alone can commit', async () => {
    const partition = readFrom(0, 3);
    settleTo(partition, 3);
    await new Committer().commit([partition]);
    expect(partition.committed).toBeUndefined();
  });
});
