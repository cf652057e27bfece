/** Rounds that are measured, each of both sides, and rounds before them for the compiler. */
const rounds = 300;
const warmUp = 100;

/** Two ways to do the same number of things. */
export interface Pair {
  readonly name: string;
  /** What ours is compared with. */
  readonly baseline: string;
  /** Things that one call does. */
  readonly count: number;
  readonly ours: () => Promise<void>;
  readonly theirs: () => Promise<void>;
}

/** What comparing them has shown: medians in nanoseconds for one thing, and the median of the rounds' ratios. */
export interface PairResult {
  readonly name: string;
  readonly baseline: string;
  readonly ours: number;
  readonly theirs: number;
  readonly ratio: number;
}

/** Measures both by turns, so that whatever else the machine does meets both. */
export async function comparePairs(pair: Pair): Promise<PairResult> {
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = -warmUp; round < rounds; round += 1) {
    const own = await timeOf(pair.ours, pair.count);
    const other = await timeOf(pair.theirs, pair.count);
    if (round < 0) continue;
    ours.push(own);
    theirs.push(other);
  }
  const ratios = ours.map((own, round) => own / (theirs[round] ?? own));
  const { name, baseline } = pair;
  return { name, baseline, ours: median(ours), theirs: median(theirs), ratio: median(ratios) };
}

/** Nanoseconds for each of the `count` things that the work does. */
export async function timeOf(work: () => Promise<void>, count: number): Promise<number> {
  const startedAt = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - startedAt) / count;
}

/** The middle one, by size. */
export function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;
}
