import kafkajs, { type KafkaMessage, type Message } from 'kafkajs';
import { expect, test } from 'vitest';
import { frame } from '../../src/avro/framing.ts';
import { createRegistry } from '../../src/avro/registry.ts';
import { encoder } from '../../src/avro/schema.ts';
import { realPart } from './services.ts';
import { order, signUp, visit } from './shopEvents.ts';
import { openShop } from './shopFixture.ts';
import { headersOf, readTopic } from './topicReader.ts';
import { until } from './until.ts';

const at = new Date(Date.now() - 3_600_000);
const headers = { 'x-request': 'r-1' };

test('a bad record goes to the dead letters with its reason and its bytes; its neighbours are delivered', async (context) => {
  const { shop, sandbox, watcher, kafka, group, run } = await openShop(context);
  const { orders, accounts } = shop.topics;
  const good = (number: number) =>
    shop.encode(
      order({ orderId: `order-${number}`, customerId: 'user-1', amount: `${number}.5`, at }),
    );
  const bad: Record<string, Message> = {
    undecodable: { key: 'garbage', value: Buffer.from([7, 1, 2, 3]), headers },
    'unknown schema': {
      key: 'unknown',
      value: frame('confluent', 999_999, Buffer.from([2])),
      headers,
    },
    truncated: {
      ...good(9),
      key: 'truncated',
      value: (good(9).value as Buffer).subarray(0, 20),
      headers,
    },
    'invalid-field': { key: 'older', value: await encodeWithoutTotal(context, orders), headers },
  };
  await shop.produce(shop.topics['web.landing'], [
    shop.encode(visit({ visitorId: 'visitor-1', clickId: 'click-1', at })),
    { ...shop.encode(visit({ visitorId: 'visitor-2', clickId: '{clickId}', at })), headers },
  ]);
  await shop.produce(accounts, [
    shop.encode(signUp({ userId: 'user-1', visitorId: 'visitor-1', at })),
  ]);
  const messages = Object.values(bad).flatMap((message, number) => [good(number + 1), message]);
  await shop.produce(orders, messages);

  const connector = await run();
  await until(watcher.progress, ({ committed, end }) => committed === end);
  const report = await connector.stop();

  expect(report.outcomes).toEqual({ delivered: 5, duplicate: 0, skipped: 1, 'dead-lettered': 5 });
  expect(report.reasons).toEqual({
    'skipped recorded': 1,
    'dead-lettered undecodable': 3,
    'dead-lettered invalid-field': 1,
    'dead-lettered invalid-click-id': 1,
  });
  expect(sandbox.summary()).toMatchObject({ leads: 1, orders: 4, value: '12' });

  const letters = await readTopic(kafka, `${group}.dead-letters`, 5);
  const byKey = new Map(letters.map((letter) => [String(letter.key), letter]));
  for (const message of Object.values(bad)) {
    const letter = byKey.get(String(message.key)) as KafkaMessage;
    expect(letter.value).toEqual(message.value);
    expect(headersOf(letter)).toMatchObject({
      'x-request': 'r-1',
      'dead-letter-topic': orders,
      'dead-letter-attempts': '0',
    });
  }
  const told = (key: string) => {
    const found = headersOf(byKey.get(key) as KafkaMessage);
    return [found['dead-letter-reason'], found['dead-letter-error']];
  };
  expect(told('garbage')).toEqual(['undecodable', expect.stringContaining('07010203')]);
  expect(told('unknown')).toEqual(['undecodable', expect.stringContaining('999999')]);
  expect(told('truncated')).toEqual(['undecodable', expect.any(String)]);
  expect(told('older')).toEqual([
    'invalid-field',
    expect.stringContaining('is not a field of com.example.shop.orders.OrderPlaced'),
  ]);
  expect(told('visitor-2')).toEqual(['invalid-click-id', expect.stringContaining('macro')]);
});

/** An order of a time before the shop knew totals. */
async function encodeWithoutTotal(
  context: Parameters<typeof realPart>[1],
  topic: string,
): Promise<Buffer> {
  const schema = {
    references: [],
    json: {
      type: 'record',
      name: 'OrderPlaced',
      namespace: 'com.example.shop.orders',
      fields: [
        { name: 'orderId', type: 'string' },
        { name: 'customerId', type: ['null', 'string'] },
      ],
    },
  };
  const registry = createRegistry({ ...realPart('registry', context), timeout: 10_000 });
  try {
    const id = await registry.register(`retired.${topic}`, schema);
    return frame('confluent', id, encoder(schema)({ orderId: 'order-0', customerId: 'user-1' }));
  } finally {
    await registry.close();
  }
}

test('dead letters are kept for as long as clicks count: after that they are of no use, and personal data', async (context) => {
  const { kafka, group, run } = await openShop(context);
  const connector = await run();
  await connector.stop();
  const admin = kafka.admin();
  await admin.connect();
  context.onTestFinished(() => admin.disconnect());
  const topic = { type: kafkajs.ConfigResourceTypes.TOPIC, name: `${group}.dead-letters` };
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ ...topic, configNames: ['retention.ms'] }],
  });
  expect(resources[0]?.configEntries).toMatchObject([{ configValue: String(30 * 86_400_000) }]);
});
