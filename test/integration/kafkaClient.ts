import kafkajs, { type Kafka } from 'kafkajs';
import type { TestContext } from 'vitest';
import { realPart } from './services.ts';

/** A client of the shared broker. */
export function clientOf(context: TestContext): Kafka {
  const brokers = [...realPart('kafka', context).brokers];
  return new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING });
}

/** Resolves once the topic is gone. */
export async function deleteTopic(kafka: Kafka, topic: string): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    await admin.deleteTopics({ topics: [topic] });
  } finally {
    await admin.disconnect();
  }
}

/** Produces a record that nobody can read. */
export async function produceGarbage(kafka: Kafka, topic: string): Promise<void> {
  const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await producer.connect();
  try {
    await producer.send({ topic, messages: [{ key: 'garbage', value: Buffer.from([7, 1, 2]) }] });
  } finally {
    await producer.disconnect();
  }
}
