import { describe, expect, test } from 'vitest';
import { Subscription } from '../../src/kafka/subscription.ts';
import { ManualClock } from '../manualClock.ts';

function start() {
  const clock = new ManualClock();
  const logged: unknown[] = [];
  const cluster = { topics: ['clicks', 'orders', 'others'], looks: 0 };
  const subscription = new Subscription({
    topics: ['clicks', 'orders'],
    clock,
    log: (level, _, { topic }) => logged.push(`${level} ${topic}`),
    admin: {
      async topics() {
        cluster.looks += 1;
        return cluster.topics;
      },
    },
  });
  return { subscription, clock, logged, cluster };
}

describe('a subscription', () => {
  test('is of all topics while all are there', async () => {
    const { subscription, logged } = start();
    expect(await subscription.findPresent()).toEqual(['clicks', 'orders']);
    expect([subscription.missing, logged]).toEqual([[], []]);
  });

  test('is of the others while one is gone, and tells of that once', async () => {
    const { subscription, logged, cluster } = start();
    cluster.topics = ['orders'];
    expect(await subscription.findPresent()).toEqual(['orders']);
    expect(await subscription.findPresent()).toEqual(['orders']);
    expect([subscription.missing, logged]).toEqual([['clicks'], ['error clicks']]);
  });

  test('is none when no topic is there', async () => {
    const { subscription, cluster } = start();
    cluster.topics = ['others'];
    await expect(subscription.findPresent()).rejects.toThrow('none of the topics is there');
  });

  test('finds a topic that is there again, and looks for it every 15 s only', async () => {
    const { subscription, clock, cluster } = start();
    cluster.topics = ['orders'];
    await subscription.findPresent();
    cluster.topics = ['clicks', 'orders'];
    expect(await subscription.findReturned()).toBeUndefined();
    await clock.advance(15_000);
    expect(await subscription.findReturned()).toBe('clicks');
    expect([subscription.missing, cluster.looks]).toEqual([[], 2]);
  });

  test('does not look while nothing is gone', async () => {
    const { subscription, clock, cluster } = start();
    await subscription.findPresent();
    await clock.advance(60_000);
    expect(await subscription.findReturned()).toBeUndefined();
    expect(cluster.looks).toBe(1);
  });
});
