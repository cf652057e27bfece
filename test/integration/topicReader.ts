import { randomBytes } from 'node:crypto';
import type { Kafka, KafkaMessage } from 'kafkajs';
import { until } from './until.ts';

/** Reads a topic from its beginning, with a consumer of its own, until it has `count` messages. */
export async function readTopic(
  kafka: Kafka,
  topic: string,
  count: number,
): Promise<readonly KafkaMessage[]> {
  const groupId = `reader-${randomBytes(4).toString('hex')}`;
  // Its end waits for the fetch that is under way.
  const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 250 });
  const messages: KafkaMessage[] = [];
  await consumer.connect();
  try {
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachMessage: async ({ message }) => {
        messages.push(message);
      },
    });
    await until(
      () => messages.length,
      (length) => length >= count,
    );
    return messages;
  } finally {
    await consumer.disconnect();
  }
}

/** A message's headers as texts. */
export function headersOf(message: KafkaMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(message.headers ?? {}).map(([name, value]) => [name, String(value)]),
  );
}
