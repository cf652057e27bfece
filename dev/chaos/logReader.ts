import { randomBytes } from 'node:crypto';
import type { Kafka, KafkaMessage } from 'kafkajs';
import { until } from '../until.ts';

const deadline = 600_000;

/** Reads topics from their beginnings to their ends of now, and shows each record. */
export async function readTopics(
  kafka: Kafka,
  topics: readonly string[],
  onRecord: (topic: string, partition: number, message: KafkaMessage) => void,
): Promise<void> {
  const missing = await readEnds(kafka, topics);
  const consumer = kafka.consumer({
    groupId: `reader-${randomBytes(4).toString('hex')}`,
    maxWaitTimeInMs: 200,
  });
  await consumer.connect();
  try {
    await consumer.subscribe({ topics: [...topics], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch, resolveOffset, heartbeat }) => {
        for (const message of batch.messages) onRecord(batch.topic, batch.partition, message);
        const last = batch.lastOffset();
        resolveOffset(last);
        const name = `${batch.topic}/${batch.partition}`;
        if (Number(last) + 1 >= (missing.get(name) ?? 0)) missing.delete(name);
        await heartbeat();
      },
    });
    await until(
      () => missing.size,
      (size) => size === 0,
      { deadline, what: 'the topics to be read to their ends' },
    );
  } finally {
    await consumer.disconnect();
  }
}

/** The ends of the partitions that hold anything. */
async function readEnds(kafka: Kafka, topics: readonly string[]): Promise<Map<string, number>> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const ends = new Map<string, number>();
    for (const topic of topics) {
      for (const { partition, high } of await admin.fetchTopicOffsets(topic)) {
        if (Number(high) > 0) ends.set(`${topic}/${partition}`, Number(high));
      }
    }
    return ends;
  } finally {
    await admin.disconnect();
  }
}
