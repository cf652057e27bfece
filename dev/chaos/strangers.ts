import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import kafkajs, { type Kafka } from 'kafkajs';
import { installKafkajsGuards } from '../../src/kafka/guards.ts';
import { Dice } from '../shop/dice.ts';

// A program of its own: members of the connector's group that take partitions, read nothing, commit nothing,
// and go again, until it is told to stop (SIGTERM) or killed.

const value = { type: 'string' } as const;
const { values } = parseArgs({
  options: {
    brokers: value,
    group: value,
    topics: value,
    members: value,
    stay: value,
    seed: value,
  },
});
const topics = (values.topics ?? '').split(',');
const longestStay = Number(values.stay);
const longestAbsence = 500;

const stopping = new AbortController();
process.on('SIGTERM', () => stopping.abort());
installKafkajsGuards();
const kafka = new kafkajs.Kafka({
  clientId: 'stranger',
  brokers: (values.brokers ?? '').split(','),
  logLevel: kafkajs.logLevel.NOTHING,
});
await Promise.all(
  Array.from({ length: Number(values.members) }, (_, number) =>
    comeAndGo(kafka, new Dice(Number(values.seed) + number)),
  ),
);

async function comeAndGo(client: Kafka, dice: Dice): Promise<void> {
  while (!stopping.signal.aborted) {
    await visit(client, longestStay === 0 ? undefined : dice.between(0, longestStay));
    await pause(dice.between(0, longestAbsence));
  }
}

/** Joins, stays (for ever where no time is given) and leaves. */
async function visit(client: Kafka, stay: number | undefined): Promise<void> {
  const consumer = client.consumer({
    groupId: values.group ?? '',
    sessionTimeout: 6_000,
    heartbeatInterval: 500,
    maxWaitTimeInMs: 250,
  });
  try {
    await consumer.connect();
    await consumer.subscribe({ topics });
    const joined = once(stopping.signal, 'abort');
    const hasJoined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve));
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      // It would fetch the same records again and again.
      eachBatch: async ({ pause: pausePartition }) => void pausePartition(),
    });
    await Promise.race([hasJoined, joined]);
    if (stay === undefined) await joined;
    else await pause(stay);
  } catch {
    // The broker is down; come again.
  } finally {
    await consumer.disconnect().catch(() => {
      // It leaves without a word, then.
    });
  }
}

async function pause(milliseconds: number): Promise<void> {
  await sleep(milliseconds, undefined, { signal: stopping.signal }).catch(() => {
    // It is to stop.
  });
}
