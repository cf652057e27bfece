import type { Admin } from 'kafkajs';
import { expect, test } from 'vitest';
import { OtherMembers } from '../../src/kafka/otherMembers.ts';

/** A cluster with two partitions of `clicks`, a record a millisecond from 0 on, and what the group committed of each. */
function clusterWith(committed: readonly { offset: number; metadata: string | null }[]): Admin {
  const admin: Partial<Admin> = {
    listTopics: async () => ['clicks'],
    fetchTopicMetadata: async () => ({
      topics: [
        { name: 'clicks', partitions: [0, 1].map((partitionId) => ({ partitionId })) as never },
      ],
    }),
    fetchTopicOffsets: async () =>
      [0, 1].map((partition) => ({ partition, offset: '100', high: '100', low: '0' })),
    fetchTopicOffsetsByTimestamp: async (_topic, timestamp) =>
      [0, 1].map((partition) => ({ partition, offset: String(timestamp ?? 0) })),
    fetchOffsets: async () => [
      {
        topic: 'clicks',
        partitions: committed.map(({ offset, metadata }, partition) => ({
          ...{ partition, metadata },
          offset: String(offset),
        })),
      },
    ],
  };
  return admin as Admin;
}

test.each([
  ['committed past it', { offset: 50, metadata: null }, true],
  ['committed below it', { offset: 49, metadata: null }, false],
  ['joined past it, though not settled', { offset: 3, metadata: 'joined=50' }, true],
  ['joined below it', { offset: 3, metadata: 'joined=49' }, false],
  ['joined past it, and rests', { offset: 3, metadata: 'joined=50 rests=7' }, true],
  ['committed past it, and joined before that', { offset: 50, metadata: 'joined=10' }, true],
  ['committed below it by somebody else', { offset: 3, metadata: 'x=99 joined=99' }, false],
  ['never committed', { offset: -1, metadata: '' }, false],
])('a partition of another member that was %s', async (_, committed, isAt) => {
  const admin = clusterWith([{ offset: 100, metadata: null }, committed]);
  const others = new OtherMembers('group');
  const behind = await others.behind(admin, new Map([['clicks', 50]]), []);
  expect(behind.map(({ partition }) => partition)).toEqual(isAt ? [] : [1]);
});

test('a partition of another member shows another progress whenever its owner says anything new', async () => {
  const words = [
    { offset: 3, metadata: 'joined=4' },
    { offset: 3, metadata: 'joined=5' },
    { offset: 4, metadata: 'joined=5' },
    { offset: 4, metadata: 'joined=5 rests=1' },
    { offset: 4, metadata: 'joined=5 rests=2' },
  ];
  const progress: (string | undefined)[] = [];
  for (const word of [...words, ...words]) {
    const admin = clusterWith([{ offset: 100, metadata: null }, word]);
    const [behind] = await new OtherMembers('group').behind(admin, new Map([['clicks', 50]]), []);
    progress.push(behind?.progress);
  }
  expect(new Set(progress).size).toBe(words.length);
  expect(progress.slice(0, words.length)).toEqual(progress.slice(words.length));
});
