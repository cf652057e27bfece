import { describe, expect, test } from 'vitest';
import { watchTopics } from '../../src/kafka/topicWatch.ts';
import { ManualClock, settlePromises } from '../manualClock.ts';

function start() {
  const clock = new ManualClock();
  const state = { cluster: ['a'], read: ['a'], joins: 0, warnings: 0, isDown: false };
  const stop = watchTopics({
    clock,
    find: async () => {
      if (state.isDown) throw new Error('no broker');
      return state.cluster;
    },
    current: () => state.read,
    log: (level) => {
      if (level === 'warn') state.warnings += 1;
    },
    onNew: () => {
      state.joins += 1;
      state.read = state.cluster;
    },
  });
  const interval = async () => {
    await clock.advance(15_000);
    await settlePromises();
  };
  return { state, stop, interval };
}

describe('watching for topics that a pattern takes', () => {
  test('joins again once for each that is new, and not for those that are read or gone', async () => {
    const { state, interval, stop } = start();
    await interval();
    expect(state.joins).toBe(0);
    state.cluster = ['a', 'b'];
    await interval();
    await interval();
    expect(state.joins).toBe(1);
    state.cluster = ['b'];
    await interval();
    expect(state.joins).toBe(1);
    stop();
  });

  test('goes on when the cluster does not answer', async () => {
    const { state, interval, stop } = start();
    Object.assign(state, { isDown: true, cluster: ['a', 'b'] });
    await interval();
    expect([state.joins, state.warnings]).toEqual([0, 1]);
    state.isDown = false;
    await interval();
    expect(state.joins).toBe(1);
    stop();
  });

  test('ends when it is told to', async () => {
    const { state, interval, stop } = start();
    state.cluster = ['a', 'b'];
    stop();
    await interval();
    expect(state.joins).toBe(0);
  });
});
