import type { TestContext } from 'vitest';
import type { ShopFixture } from './shopFixture.ts';

/** A member of the connector's group that is no connector: it takes its share of the partitions, and reads nothing. */
export interface Stranger {
  /** The partitions of a topic that it was given when it last joined. */
  shareOf(topic: string): readonly number[];
  leave(): Promise<void>;
}

/** Lets one join; resolves once it has. It leaves when the test ends, if not before. */
export async function joinAsStranger(
  context: TestContext,
  { kafka, group, shop }: Pick<ShopFixture, 'kafka' | 'group' | 'shop'>,
): Promise<Stranger> {
  const consumer = kafka.consumer({
    groupId: group,
    sessionTimeout: 6_000,
    heartbeatInterval: 500,
  });
  context.onTestFinished(() => consumer.disconnect());
  const joined = Promise.withResolvers<void>();
  let share: Readonly<Record<string, readonly number[]>> = {};
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    share = payload.memberAssignment;
    joined.resolve();
  });
  await consumer.connect();
  await consumer.subscribe({ topics: Object.values(shop.topics) });
  await consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: false,
    eachBatch: async ({ pause }) => void pause(),
  });
  await joined.promise;
  return {
    shareOf: (topic) => share[topic] ?? [],
    leave: () => consumer.disconnect(),
  };
}
