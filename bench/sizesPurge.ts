import { setImmediate, setTimeout } from 'node:timers/promises';
import { purgePause, purgeStep } from '../src/store/retention.ts';
import { median, type PairResult, timeOf } from './pairs.ts';
import { endOfOldest, type SizedStore } from './sizedStores.ts';

/** Steps that are timed, and look-ups, of which one in a hundred is slower than what is told. */
const steps = 10;
const lookUps = 1_000;

/** What is compared. */
export interface Purging {
  readonly name: string;
  readonly large: SizedStore;
  readonly small: SizedStore;
  /** Looks `keysAtOnce` keys up in the large one. */
  readonly lookUp: () => Promise<void>;
  readonly keysAtOnce: number;
}

/** What a step of a purge of the oldest tenth costs, and what it does to the slowest look-ups meanwhile. */
export async function comparePurge(purging: Purging): Promise<PairResult[]> {
  const { name, large, small, lookUp, keysAtOnce } = purging;
  const ours = median(await timeSteps(large));
  const theirs = median(await timeSteps(small));
  const quiet = await slowest(lookUp, keysAtOnce);
  const stopping = new AbortController();
  const purged = purgeUntil(large, stopping.signal);
  const busy = await slowest(lookUp, keysAtOnce);
  stopping.abort();
  await purged;
  return [
    { name: `${name}: purge`, baseline: `${small.rows} rows`, ours, theirs, ratio: ours / theirs },
    {
      name: `${name}: look-up while purging, p99`,
      ...{ baseline: 'without', ours: busy, theirs: quiet, ratio: busy / quiet },
    },
  ];
}

async function timeSteps({ store, rows }: SizedStore): Promise<number[]> {
  const times: number[] = [];
  for (let step = 0; step < steps; step += 1) {
    times.push(
      await timeOf(async () => {
        const removed = await store.clicks.purge(endOfOldest(rows / 10), purgeStep);
        if (removed !== purgeStep) throw new Error(`a step has removed ${removed} rows`);
      }, purgeStep),
    );
  }
  return times;
}

/** In the steps that the connector makes, with its pauses. */
async function purgeUntil({ store, rows }: SizedStore, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await store.clicks.purge(endOfOldest(rows / 10), purgeStep);
    await setTimeout(purgePause);
  }
}

/** The time of one that is slower than 99 in 100: from when it is wanted, since what else the process does delays it too. */
async function slowest(lookUp: () => Promise<void>, count: number): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < lookUps; round += 1) {
    times.push(
      await timeOf(async () => {
        await setImmediate();
        await lookUp();
      }, count),
    );
  }
  return times.toSorted((one, other) => one - other)[Math.floor(lookUps * 0.99)] ?? 0;
}
