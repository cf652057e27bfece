import { describe, expect, test, vi } from 'vitest';
import { Assignment, fencingAssigner } from '../../src/kafka/assignment.ts';
import type { AssignedPartition } from '../../src/kafka/partition.ts';

const minute = 60_000;

function namesOf(assignment: Assignment): string[] {
  return Array.from(assignment.partitions, ({ topic, partition }) => `${topic}/${partition}`);
}

function assigned(): Assignment {
  const assignment = new Assignment();
  assignment.assign({ orders: [0, 2], clicks: [1] });
  return assignment;
}

describe('the partitions of a member', () => {
  test('are none before it has joined', () => {
    expect(namesOf(new Assignment())).toEqual([]);
    expect(new Assignment().find('orders', 0)).toBeUndefined();
  });

  test('are those it was assigned', () => {
    const assignment = assigned();
    expect(namesOf(assignment)).toEqual(['orders/0', 'orders/2', 'clicks/1']);
    expect(assignment.find('orders', 2)).toMatchObject({ topic: 'orders', partition: 2 });
    expect(assignment.find('orders', 1)).toBeUndefined();
  });

  test('are all revoked, for ever, as soon as it asks to join again', () => {
    const assignment = assigned();
    const before = [...assignment.partitions];
    assignment.fence();
    expect(namesOf(assignment)).toEqual([]);
    assignment.assign({ orders: [0] });
    expect(before.map(({ isRevoked }) => isRevoked)).toEqual([true, true, true]);
  });

  test('are new ones after each join, also those that stayed', () => {
    const assignment = assigned();
    const before = assignment.find('orders', 0);
    before?.watermark.read(7);
    assignment.assign({ orders: [0] });
    const after = assignment.find('orders', 0);
    expect(after).not.toBe(before);
    expect(before?.isRevoked).toBe(true);
    expect(after).toMatchObject({ isRevoked: false, position: undefined, committed: undefined });
    expect(after?.watermark.offset).toBeUndefined();
  });

  test('can be replaced one by one; what was read before is not revoked, since nobody else can read it', () => {
    const assignment = assigned();
    const before = assignment.find('orders', 0) as AssignedPartition;
    before.isPaused = true;
    const after = assignment.replace(before);
    expect(assignment.find('orders', 0)).toBe(after);
    expect(before.isRevoked).toBe(false);
    expect(after).toMatchObject({ isRevoked: false, isPaused: true, position: undefined });
  });
});

describe('after a rebalance', () => {
  test('records of a fetch from before may still come in, until the next fetch of that broker', () => {
    const assignment = new Assignment();
    assignment.fetchStarted('1', 0);
    assignment.fetchStarted('2', 0);
    expect(assignment.isSettling(1)).toBe(false);
    assignment.fence();
    expect(assignment.isSettling(1)).toBe(true);
    assignment.assign({ orders: [0] });
    assignment.fetchStarted('1', 2);
    expect(assignment.isSettling(2)).toBe(true);
    assignment.fetchStarted('2', 3);
    expect(assignment.isSettling(3)).toBe(false);
  });

  test('a fetch that began between leaving and joining counts as one from before', () => {
    const assignment = assigned();
    assignment.fence();
    assignment.fetchStarted('1', 0);
    assignment.assign({ orders: [0] });
    expect(assignment.isSettling(1)).toBe(true);
  });

  test('no record is awaited when every fetch has ended', () => {
    const assignment = assigned();
    assignment.fetchStarted('1', 0);
    assignment.fetchesEnded();
    assignment.assign({ orders: [0] });
    expect(assignment.isSettling(1)).toBe(false);
  });

  test('a broker that is gone is not waited for longer than a minute', () => {
    const assignment = assigned();
    assignment.fetchStarted('1', 0);
    assignment.fence();
    expect(assignment.isSettling(minute - 1)).toBe(true);
    expect(assignment.isSettling(minute)).toBe(false);
  });
});

describe('the assigner', () => {
  test("is kafkajs's round robin, and tells of each join before it", () => {
    const onJoin = vi.fn();
    const configuration = { cluster: {} } as Parameters<ReturnType<typeof fencingAssigner>>[0];
    const assigner = fencingAssigner(onJoin)(configuration);
    expect(assigner).toMatchObject({ name: 'RoundRobinAssigner', version: 0 });
    expect(onJoin).not.toHaveBeenCalled();
    expect(assigner.protocol({ topics: ['orders'] })).toMatchObject({ name: 'RoundRobinAssigner' });
    assigner.protocol({ topics: ['orders'] });
    expect(onJoin).toHaveBeenCalledTimes(2);
  });
});
