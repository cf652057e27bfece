import type { Admin } from 'kafkajs';
import { describe, expect, type TestContext, test } from 'vitest';
import type { ConnectorProcess } from '../../dev/demo/connectorProcess.ts';
import { countRecorded, produceConversions, produceSignUps, produceVisits } from './conversions.ts';
import { logLines } from './ownRun.ts';
import { openShop, type ShopFixture } from './shopFixture.ts';
import { until } from './until.ts';

const people = 90;
const removed = 'records were removed from a topic before they were read';
const recreated = 'a topic was recreated; it is read from its beginning';
const unknown = 'the group has no offset of a partition; it is read from its beginning';
const gone = 'a topic is gone; it is read again once it is there';

interface Settled extends ShopFixture {
  readonly admin: Admin;
  /** The end of each partition of the orders, by its number; the connector has settled all below. */
  readonly ends: ReadonlyMap<number, number>;
  readonly settled: () => Promise<unknown>;
  /** The connector, where it runs. */
  readonly connector: ConnectorProcess | undefined;
}

const states = ['running', 'stopped'] as const;

/** A shop whose 90 first people were reported by a connector, with visits of more people to come. */
async function openSettled(context: TestContext, state: (typeof states)[number]): Promise<Settled> {
  const fixture = await openShop(context);
  const { shop, watcher, kafka, run } = fixture;
  const admin = kafka.admin();
  await admin.connect();
  context.onTestFinished(() => admin.disconnect());
  const settled = () => until(watcher.progress, ({ committed, end }) => committed === end);
  await produceVisits(shop, { count: 10 * people });
  await produceConversions(shop, { count: people });
  const connector = await run();
  await settled();
  if (state === 'stopped') await connector.stop();
  return {
    ...{ ...fixture, admin, settled },
    ends: await endsOf(admin, shop.topics.orders),
    connector: state === 'running' ? connector : undefined,
  };
}

async function endsOf(admin: Admin, topic: string): Promise<ReadonlyMap<number, number>> {
  const offsets = await admin.fetchTopicOffsets(topic);
  return new Map(offsets.map(({ partition, high }) => [partition, Number(high)]));
}

async function recreate(admin: Admin, topic: string): Promise<void> {
  await admin.deleteTopics({ topics: [topic] });
  await until(
    () => admin.listTopics(),
    (topics) => !topics.includes(topic),
  );
  await createTopic(admin, topic);
}

async function createTopic(admin: Admin, topic: string): Promise<void> {
  const configEntries = [{ name: 'retention.ms', value: '-1' }];
  const topics = [{ topic, numPartitions: 3, configEntries }];
  await admin.createTopics({ topics, waitForLeaders: true });
}

/** What the connector's log says of partitions in these words. */
async function alarms({ log }: ShopFixture, message: string) {
  const lines = logLines(await log()).filter(({ msg }) => msg === message);
  return lines
    .map(({ level, topic, partition, expectedOffset, offset }) => ({
      ...{ level, topic, partition, expectedOffset, offset },
    }))
    .toSorted((one, other) => Number(one.partition) - Number(other.partition));
}

describe.each(states)('while the connector is %s', (state) => {
  test('records are removed that it has not read: it says which, and reads on', async (context) => {
    const fixture = await openSettled(context, state);
    const { shop, admin, sandbox, ends, settled, connector, run } = fixture;
    const topic = shop.topics.orders;
    connector?.pause();
    await produceConversions(shop, { count: 4 * people, from: people });
    const kept = 5;
    const newEnds = await endsOf(admin, topic);
    const partitions = [...newEnds].map(([partition, end]) => ({
      ...{ partition, offset: String(end - kept) },
    }));
    await admin.deleteTopicRecords({ topic, partitions });
    connector?.resume();
    const running = connector ?? (await run());
    await settled();
    await running.stop();

    expect(countRecorded(sandbox)).toEqual({
      conversions: 5 * people + people + kept * ends.size,
      repeated: 0,
    });
    expect(await alarms(fixture, removed)).toEqual(
      [...ends.keys()].toSorted().map((partition) => ({
        ...{ level: 'error', topic, partition, expectedOffset: ends.get(partition) },
        offset: Number(newEnds.get(partition)) - kept,
      })),
    );
  });

  test('a topic is recreated, and holds less than before: it is read from its beginning', async (context) => {
    const fixture = await openSettled(context, state);
    const { shop, admin, sandbox, ends, settled, connector, run } = fixture;
    const topic = shop.topics.orders;
    await recreate(admin, topic);
    await produceConversions(shop, { count: 30, from: people });
    const running = connector ?? (await run());
    await settled();
    await running.stop();

    expect(countRecorded(sandbox)).toEqual({ conversions: 2 * (people + 30), repeated: 0 });
    // Kafka drops the group's offsets with the topic: to a connector that starts then the topic is new.
    const told = state === 'stopped' ? [] : [...ends.keys()].toSorted();
    expect(await alarms(fixture, recreated)).toEqual(
      told.map((partition) => ({
        ...{ level: 'error', topic, partition, expectedOffset: ends.get(partition) },
        offset: 0,
      })),
    );
  });

  test('a topic is recreated, and holds more than before: nothing of it is passed over', async (context) => {
    const fixture = await openSettled(context, state);
    const { shop, admin, sandbox, ends, settled, connector, run } = fixture;
    const topic = shop.topics.orders;
    connector?.pause();
    await recreate(admin, topic);
    await produceConversions(shop, { count: 4 * people, from: people });
    connector?.resume();
    const running = connector ?? (await run());
    await settled();
    await running.stop();

    expect(countRecorded(sandbox)).toEqual({ conversions: 10 * people, repeated: 0 });
    const told = state === 'stopped' ? 0 : ends.size;
    expect(await alarms(fixture, recreated)).toHaveLength(told);
  });
});

test.for(['deleted', 'reset to the first'])(
  'the offsets of the group are %s: the ledger knows what was sent, and nothing is sent twice',
  async (how, context) => {
    const fixture = await openSettled(context, 'stopped');
    const { shop, admin, group, sandbox, settled, run } = fixture;
    if (how === 'deleted') await admin.deleteGroups([group]);
    else {
      for (const topic of Object.values(shop.topics)) {
        await admin.resetOffsets({ groupId: group, topic, earliest: true });
      }
    }
    const connector = await run();
    await settled();
    const { outcomes } = await connector.stop();
    // Without an offset of the group a partition is read from its beginning, and that is told of each.
    const told = await alarms(fixture, unknown);
    expect(told.map(({ level, offset }) => [level, offset])).toEqual(Array(9).fill(['warn', 0]));
    expect(outcomes).toMatchObject({ delivered: 0, duplicate: 2 * people });
    expect(countRecorded(sandbox)).toEqual({ conversions: 2 * people, repeated: 0 });
  },
);

test('a topic is gone while the connector runs: it says so, reads the others, and that one again once it is back', async (context) => {
  const fixture = await openSettled(context, 'running');
  const { shop, admin, sandbox, settled, connector } = fixture;
  const topic = shop.topics.orders;
  const readyUrl = `${await connector?.reading}/health/ready`;
  const problems = async (): Promise<readonly string[]> => {
    const answer = (await (await fetch(readyUrl)).json()) as { problems?: readonly string[] };
    return answer.problems ?? [];
  };
  await admin.deleteTopics({ topics: [topic] });
  await until(
    () => alarms(fixture, gone),
    (found) => found.length > 0,
  );
  await until(problems, (found) => found.includes(`the topic "${topic}" is gone`));

  await produceSignUps(shop, { count: people, from: people });
  await until(
    () => sandbox.summary().leads,
    (leads) => leads === 2 * people,
  );

  await createTopic(admin, topic);
  await produceConversions(shop, { count: people, from: 2 * people });
  await until(problems, (found) => found.length === 0);
  await settled();
  await connector?.stop();
  expect(countRecorded(sandbox)).toEqual({ conversions: 5 * people, repeated: 0 });
});
