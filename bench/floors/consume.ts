import kafkajs from 'kafkajs';
import { installKafkajsGuards } from '../../src/kafka/guards.ts';

/** Reads a whole topic and does nothing with it: what kafkajs itself can do. */
async function consume(brokers: string, topic: string, groupId: string, events: number) {
  installKafkajsGuards();
  const { Kafka, logLevel } = kafkajs;
  const kafka = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING });
  const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 250 });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  const joined = new Promise<number>((resolve) => {
    consumer.on(consumer.events.GROUP_JOIN, () => resolve(performance.now()));
  });
  const { promise: read, resolve: finish } = Promise.withResolvers<number>();
  let count = 0;
  await consumer.run({
    autoCommitInterval: 1_000,
    eachBatch: async ({ batch }) => {
      count += batch.messages.length;
      if (count >= events) finish(performance.now());
    },
  });
  const startedAt = await joined;
  const before = process.cpuUsage();
  const seconds = ((await read) - startedAt) / 1_000;
  const { user, system } = process.cpuUsage(before);
  await consumer.disconnect();
  const peakMegabytes = process.resourceUsage().maxRSS / 1_024;
  return { perSecond: count / seconds, cpuMicroseconds: (user + system) / count, peakMegabytes };
}

const [brokers = '', topic = '', groupId = '', events = ''] = process.argv.slice(2);
console.log(JSON.stringify(await consume(brokers, topic, groupId, Number(events))));
