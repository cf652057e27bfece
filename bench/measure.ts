import { setTimeout as sleep } from 'node:timers/promises';
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
 * Lets a program read a topic for some seconds, and says how fast it was, from the first commit that was seen to
 * the last, or from the first postback to the last.
 */
export async function measureFor(
  seconds: number,
  { receiver, admin }: Parts,
  { program, group, topic }: Consuming,
): Promise<Pick<Run, 'eventsPerSecond' | 'postbacksPerSecond'>> {
  await receiver.reset(0);
  const watched = new Watched(program);
  try {
    await watched.untilReady();
    const endsAt = performance.now() + seconds * 1_000;
    const commits: { readonly committed: number; readonly at: number }[] = [];
    while (performance.now() < endsAt && (commits.at(-1)?.committed ?? 0) < topic.events) {
      await sleep(interval);
      await watched.check();
      const committed = await committedBy({ admin }, group, topic.topic);
      if (committed > (commits.at(-1)?.committed ?? 0)) {
        commits.push({ committed, at: performance.now() });
      }
    }
    const { requests, distinct, firstAt, lastAt } = await receiver.count();
    if (requests !== distinct) throw new Error(`${requests} requests for ${distinct} clicks came`);
    const [first, last] = [commits[0], commits.at(-1)];
    return {
      eventsPerSecond:
        first && last ? perSecond(last.committed - first.committed, last.at - first.at) : 0,
      postbacksPerSecond: perSecond(requests - 1, lastAt - firstAt),
    };
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
  const [answer] = await admin.fetchOffsets({ groupId, topics: [topic] });
  const offsets = answer?.partitions.map(({ offset }) => Math.max(Number(offset), 0)) ?? [];
  return offsets.reduce((sum, offset) => sum + offset, 0);
}

function perSecond(count: number, milliseconds: number): number {
  return milliseconds > 0 ? (count / milliseconds) * 1_000 : 0;
}
