import { median } from './median.ts';
import type { Parts } from './parts.ts';
import type { Size } from './size.ts';

/** What a case runs with. */
export interface Bench {
  readonly size: Size;
  /** Paired runs of each comparison. */
  readonly rounds: number;
  readonly report: (line: string) => void;
  /** The real parts; started at the first call. Throws MissingPrerequisiteError where one can't be had. */
  readonly parts: () => Promise<Parts>;
}

/** A named part of the bench. */
export interface BenchCase {
  readonly name: string;
  readonly run: (bench: Bench) => Promise<readonly Figure[]>;
}

/** A number that was measured, and what it is held against. */
export interface Figure {
  /** The case, with what is told apart in it. */
  readonly subject: string;
  /** What was measured, and its unit: `events/s`. */
  readonly measure: string;
  /** Medians of the rounds. */
  readonly ours: number;
  readonly baseline: { readonly name: string; readonly value: number } | undefined;
  /** The median of the rounds' ratios of ours to the baseline; without one, of ours. */
  readonly value: number;
  readonly better: 'higher' | 'lower';
  /** What `value` has to reach, or must not pass. */
  readonly bound: number | undefined;
  /** The value of each round. */
  readonly rounds: readonly number[];
}

/** What a figure is made of: a number for each round. */
export interface Measured {
  readonly subject: string;
  readonly measure: string;
  readonly ours: readonly number[];
  readonly baseline?: { readonly name: string; readonly values: readonly number[] };
  readonly better: 'higher' | 'lower';
  readonly bound?: number | undefined;
}

/** The figure of some rounds; where there is a baseline, each round is compared with its own. */
export function figure({ subject, measure, ours, baseline, better, bound }: Measured): Figure {
  const rounds = baseline
    ? ours.map((own, round) => own / (baseline.values[round] ?? Number.NaN))
    : ours;
  return {
    ...{ subject, measure, better, bound, rounds },
    ours: median(ours),
    baseline: baseline && { name: baseline.name, value: median(baseline.values) },
    value: median(rounds),
  };
}

/** Whether a figure is within its bound; undefined where it has none. */
export function holds({ value, bound, better }: Figure): boolean | undefined {
  if (bound === undefined) return undefined;
  return better === 'higher' ? value >= bound : value <= bound;
}
