import { randomBytes } from 'node:crypto';
import type { IHeaders, Kafka } from 'kafkajs';
import { expect, type TestContext, test } from 'vitest';
import { type DeadLetter, DeadLetters, deadLetterTopic } from '../../src/kafka/deadLetters.ts';
import { installKafkajsGuards } from '../../src/kafka/guards.ts';
import { AssignedPartition, SourceRecord } from '../../src/kafka/partition.ts';
import { clientOf, deleteTopic } from './kafkaClient.ts';
import { headersOf, readTopic } from './topicReader.ts';

installKafkajsGuards();

/** Dead letters in a topic of one partition, which takes batches of up to `most` bytes. */
async function openDeadLetters(context: TestContext, most: number) {
  const kafka = clientOf(context);
  const group = `sizes-${randomBytes(4).toString('hex')}`;
  const topic = deadLetterTopic(group);
  await createTopic(kafka, topic, most);
  context.onTestFinished(() => deleteTopic(kafka, topic));
  const deadLetters = new DeadLetters(kafka, group);
  context.onTestFinished(() => deadLetters.close());
  return { kafka, topic, deadLetters };
}

async function createTopic(kafka: Kafka, topic: string, most: number) {
  const admin = kafka.admin();
  await admin.connect();
  const configEntries = [{ name: 'max.message.bytes', value: String(most) }];
  await admin.createTopics({ topics: [{ topic, numPartitions: 1, configEntries }] });
  await admin.disconnect();
}

const orders = new AssignedPartition('orders', 3);

/** Of a record that doesn't become smaller by compression. */
function letterOf(offset: number, size: number, headers: IHeaders = {}): DeadLetter {
  const message = { key: Buffer.from(`key-${offset}`), value: randomBytes(size), headers, size };
  const record = new SourceRecord(orders, { ...message, offset: String(offset), timestamp: '0' });
  return { record, kind: undefined, reason: 'undecodable', error: 'garbage', attempts: 0 };
}

const lettersOf = (count: number, size: number) =>
  Array.from({ length: count }, (_, offset) => letterOf(offset, size));

test('a whole chunk of bad records fits a topic that takes a megabyte at once', async (context) => {
  const { kafka, topic, deadLetters } = await openDeadLetters(context, 1_048_588);
  const letters = lettersOf(2_000, 1_024);
  expect(await deadLetters.send(letters)).toEqual([]);
  const stored = await readTopic(kafka, topic, letters.length);
  expect(stored.map(({ value }) => value)).toEqual(letters.map(({ record }) => record.value));
});

test('a record with a header without a value has its dead letter', async (context) => {
  const { kafka, topic, deadLetters } = await openDeadLetters(context, 1_048_588);
  // As kafkajs reads one that a producer wrote as null.
  const headers = { empty: null, several: [null, 'text'] } as unknown as IHeaders;
  await deadLetters.send([letterOf(1, 10, headers)]);
  const [stored] = await readTopic(kafka, topic, 1);
  expect(stored && headersOf(stored)).toMatchObject({ empty: '', several: ',text' });
});

test('what is too large for the topic is told apart, and the others are there', async (context) => {
  const { kafka, topic, deadLetters } = await openDeadLetters(context, 100_000);
  const [first, large, last] = [letterOf(1, 60_000), letterOf(2, 110_000), letterOf(3, 60_000)];
  expect(await deadLetters.send([first, large, last])).toEqual([large]);
  const stored = await readTopic(kafka, topic, 2);
  expect(stored.map(({ key }) => String(key))).toEqual(['key-1', 'key-3']);
});

test('what becomes small enough by compression is there', async (context) => {
  const { kafka, topic, deadLetters } = await openDeadLetters(context, 100_000);
  const value = Buffer.alloc(150_000, 'text');
  const headers = {};
  const message = { key: null, value, headers, offset: '1', timestamp: '0' };
  const letter = { ...letterOf(1, 0), record: new SourceRecord(orders, message) };
  expect(await deadLetters.send([letter])).toEqual([]);
  const [stored] = await readTopic(kafka, topic, 1);
  expect(stored?.value).toEqual(value);
});
