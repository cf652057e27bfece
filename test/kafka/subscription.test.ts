import { describe, expect, test } from 'vitest';
import { Subscription } from '../../src/kafka/subscription.ts';
import { ManualClock } from '../manualClock.ts';

function start() {
  const clock = new ManualClock();
  const logged: unknown[] = [];
  const cluster = { topics: ['clicks', 'orders', 'others'], looks: 0 };
  const subscription = new Subscription({
    topics: (clusterTopics) =>
      ['clicks', 'orders', ...clusterTopics.filter((topic) => topic.startsWith('shop.'))].map(
        (topic) => ({ topic, stages: ['order'] }),
      ),
    clock,
    log: (level, _, { topic }) => logged.push(`${level} ${topic}`),
    admin: {
      async topics() {
        cluster.looks += 1;
        return cluster.topics;
      },
    },
  });
  const findPresent = async () => (await subscription.findPresent()).map(({ topic }) => topic);
  return { subscription, findPresent, clock, logged, cluster };
}

describe('a subscription', () => {
  test('is of all topics while all are there', async () => {
    const { subscription, findPresent, logged } = start();
    expect(await findPresent()).toEqual(['clicks', 'orders']);
    expect([subscription.missing, logged]).toEqual([[], []]);
  });

  test('is of the others while one is gone, and tells of that once', async () => {
    const { subscription, findPresent, logged, cluster } = start();
    cluster.topics = ['orders'];
    expect(await findPresent()).toEqual(['orders']);
    expect(await findPresent()).toEqual(['orders']);
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
    expect(await subscription.findNew()).toBeUndefined();
    await clock.advance(15_000);
    expect(await subscription.findNew()).toBe('clicks');
    expect([subscription.missing, cluster.looks]).toEqual([[], 2]);
  });

  test('finds a topic that is new and fits', async () => {
    const { subscription, clock, cluster } = start();
    await subscription.findPresent();
    cluster.topics = [...cluster.topics, 'shop.orders', 'others.too'];
    await clock.advance(15_000);
    expect(await subscription.findNew()).toBe('shop.orders');
  });

  test('finds nothing while nothing has come, and tells of what has gone', async () => {
    const { subscription, clock, cluster, logged } = start();
    await subscription.findPresent();
    await clock.advance(15_000);
    expect(await subscription.findNew()).toBeUndefined();
    cluster.topics = ['orders'];
    await clock.advance(15_000);
    expect(await subscription.findNew()).toBeUndefined();
    expect(logged).toEqual(['error clicks']);
  });
});
