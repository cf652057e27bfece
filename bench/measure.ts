import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs from 'kafkajs';
import type { LoadedTopic } from './load.ts';
import type { Parts } from './parts.ts';
import { type Program, type Usage, Watched } from './watched.ts';

const interval = 50;
/** A run that gets no further is given up. */
const longestStandstill = 60_000;

/** A member of a group that reads a topic and commits. */
export interface Consuming {
  readonly program: Program;
  readonly group: string;
  readonly topic: LoadedTopic;
}

/** What a program has done, seen from outside. */
export interface Run {
  /** Committed, from its first fetch to the last commit. */
  readonly eventsPerSecond: number;
  /** By the receiver, from the first to the last. */
  readonly postbacksPerSecond: number;
  /** From its first fetch on. */
  readonly cpuMicrosecondsPerEvent: number;
  readonly usage: Usage;
  /** What it had used when it had committed `markAt` events. */
  readonly mark: Usage | undefined;
}

/**
 * Lets a program read a whole topic, and says what that took. Throws where it ends by itself, stands still, or
 * sends anything but each click of the topic once.
 */
export async function measureWhole(
  { receiver, admin }: Parts,
  { program, group, topic }: Consuming,
  {
    delay,
    markAt = Number.POSITIVE_INFINITY,
  }: { readonly delay: number; readonly markAt?: number },
): Promise<Run> {
  await receiver.reset(delay);
  const watched = new Watched(program);
  try {
    await watched.untilReady();
    const startedAt = performance.now();
    const before = await watched.usage();
    let mark: Usage | undefined;
    let last = { committed: 0, at: startedAt };
    while (last.committed < topic.events) {
      await sleep(interval);
      await watched.check();
      const committed = await committedBy({ admin }, group, topic.topic);
      const at = performance.now();
      if (committed > last.committed) last = { committed, at };
      else if (at - last.at > longestStandstill) throw new Error(`${group} stands still`);
      if (committed >= markAt) mark ??= await watched.usage();
    }
    const usage = await watched.usage();
    const { requests, distinct, firstAt, lastAt } = await receiver.count();
    if (requests !== topic.attributed || distinct !== topic.attributed) {
      throw new Error(`${requests} requests for ${distinct} clicks came, not ${topic.attributed}`);
    }
    await watched.stop();
    return {
      eventsPerSecond: perSecond(topic.events, last.at - startedAt),
      postbacksPerSecond: perSecond(requests, lastAt - firstAt),
      cpuMicrosecondsPerEvent: ((usage.cpuSeconds - before.cpuSeconds) / topic.events) * 1e6,
      ...{ usage, mark },
    };
  } finally {
    watched.kill();
  }
}

/**
 * Lets a program read a topic for some seconds, or to its end, and says how fast it was from the first postback to the
 * last: as many events apart as the topic has it. Throws where it sends a click twice.
 */
export async function measureFor(
  seconds: number,
  { receiver }: Parts,
  { program, topic }: Consuming,
): Promise<Pick<Run, 'eventsPerSecond' | 'postbacksPerSecond'>> {
  await receiver.reset(0);
  const watched = new Watched(program);
  try {
    await watched.untilReady();
    const endsAt = performance.now() + seconds * 1_000;
    let received = await receiver.count();
    while (performance.now() < endsAt && received.requests < topic.attributed) {
      await sleep(interval);
      await watched.check();
      received = await receiver.count();
    }
    const { requests, distinct, firstAt, lastAt } = received;
    if (requests !== distinct) throw new Error(`${requests} requests for ${distinct} clicks came`);
    const postbacksPerSecond = perSecond(requests - 1, lastAt - firstAt);
    return { postbacksPerSecond, eventsPerSecond: postbacksPerSecond * topic.clickEvery };
  } finally {
    watched.kill();
  }
}

/** How many records of a topic a group has committed. */
async function committedBy(
  { admin }: Pick<Parts, 'admin'>,
  groupId: string,
  topic: string,
): Promise<number> {
  try {
    const [answer] = await admin.fetchOffsets({ groupId, topics: [topic] });
    const offsets = answer?.partitions.map(({ offset }) => Math.max(Number(offset), 0)) ?? [];
    return offsets.reduce((sum, offset) => sum + offset, 0);
  } catch (thrown) {
    // A broker that nobody has committed to before takes its time to begin with that.
    if (thrown instanceof kafkajs.KafkaJSError && thrown.retriable) return 0;
    throw thrown;
  }
}

function perSecond(count: number, milliseconds: number): number {
  return milliseconds > 0 ? (count / milliseconds) * 1_000 : 0;
}
