import type { ProcessSampler, ResidentSample } from '../chaos/processSampler.ts';
import { until } from '../until.ts';
import type { Span } from './recovery.ts';

const collections = 3;

/** With this a Node process collects its garbage on SIGUSR2. */
export const collecting = {
  NODE_OPTIONS: `--expose-gc --import ${new URL('./collectGarbage.ts', import.meta.url).href}`,
};

/** Resident memory of a process, in megabytes. */
export interface MemoryUse {
  /** While it worked off the records of the warm-up: the median, and the most. */
  readonly working: { readonly median: number; readonly most: number };
  /** In the outage: the median, and the most. */
  readonly down: { readonly median: number; readonly most: number };
  /** What it held when its garbage was collected: just before the outage, and at its end. */
  readonly held: { readonly before: number; readonly atEnd: number };
  /** How much more it held at the end, and how much the most of the outage is above the most of work before. */
  readonly growth: { readonly held: number; readonly most: number };
  /** The most after the outage. */
  readonly catchingUp: number;
}

/** Lets the process collect its garbage, and returns what it holds then, in megabytes. */
export async function readHeld(
  memory: ProcessSampler,
  processId: number | undefined,
): Promise<number> {
  if (processId === undefined) throw new Error('the connector does not run');
  for (let collected = 0; collected < collections; collected += 1) {
    process.kill(processId, 'SIGUSR2');
    await nextSamples(memory, 2);
  }
  return memory.resident.at(-1)?.megabytes ?? Number.NaN;
}

/** Waits for so many more samples, a second apart. */
async function nextSamples({ resident }: ProcessSampler, count: number): Promise<void> {
  const enough = resident.length + count;
  const what = 'samples of memory';
  await until(
    () => resident.length,
    (samples) => samples >= enough,
    { deadline: 60_000, what },
  );
}

/** Sums up the samples of a run whose warm-up and outage lasted so long. */
export function sumUpMemory(
  samples: readonly ResidentSample[],
  warmUp: Span,
  outage: Span,
  held: MemoryUse['held'],
): MemoryUse {
  const between = ({ from, until: end }: Span) =>
    samples.filter(({ at }) => at >= from && at < end).map(({ megabytes }) => megabytes);
  const sumUp = (values: readonly number[]) => ({
    median: median(values),
    most: Math.max(...values),
  });
  const working = sumUp(between(warmUp));
  const down = sumUp(between(outage));
  return {
    ...{ working, down, held },
    growth: { held: held.atEnd - held.before, most: down.most - working.most },
    catchingUp: Math.max(...between({ from: outage.until, until: Number.POSITIVE_INFINITY })),
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;
}
