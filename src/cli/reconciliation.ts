import type { SettledByKind, SettledCounts } from '../store/settledCounts.ts';
import type { TheirCounts } from './statisticsRows.ts';
import type { UtcDay } from './utcDay.ts';

/** How long after its end the statistics of a day may still change, in milliseconds. */
const settling = 86_400_000;

/** What was reported. */
export type Kind = keyof SettledByKind;

/** What each side has of one kind. */
export interface ComparedKind {
  readonly kind: Kind;
  /** What the ledger has as delivered. */
  readonly ours: number;
  /** What Powerspace has counted; undefined where no field is set for it. */
  readonly theirs: number | undefined;
  /** How many more Powerspace has; fewer, below 0. */
  readonly difference: number | undefined;
  /** The difference in percent of ours; undefined where that is 0, or there is none. */
  readonly percent: number | undefined;
  readonly isWithinTolerance: boolean;
  readonly ledger: SettledCounts;
}

/** A day by the ledger, against the same day by Powerspace. */
export interface Reconciliation {
  readonly day: UtcDay;
  /** Milliseconds since its end; below 0 while it lasts. */
  readonly age: number;
  /** Whether its statistics can be taken as complete. */
  readonly isFinal: boolean;
  readonly isWithinTolerance: boolean;
  readonly kinds: readonly ComparedKind[];
}

/** What there is to compare. */
export interface ReconciliationInput {
  readonly day: UtcDay;
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
  readonly ours: SettledByKind;
  readonly theirs: TheirCounts;
  /** A share of ours: 0.01 is 1 %. */
  readonly tolerance: number;
}

/** Holds the two against each other. A kind without a field is shown, and says nothing about the whole. */
export function reconcileDay({
  day,
  now,
  ours,
  theirs,
  tolerance,
}: ReconciliationInput): Reconciliation {
  const kinds = (['lead', 'order'] as const).map((kind) =>
    compare({ kind, ledger: ours[kind], theirs: theirs[kind], tolerance }),
  );
  const age = now - day.to;
  return {
    ...{ day, age, kinds, isFinal: age >= settling },
    isWithinTolerance: kinds.every((each) => each.isWithinTolerance),
  };
}

interface Sides {
  readonly kind: Kind;
  readonly ledger: SettledCounts;
  readonly theirs: number | undefined;
  readonly tolerance: number;
}

function compare({ kind, ledger, theirs, tolerance }: Sides): ComparedKind {
  const ours = ledger.delivered;
  const difference = theirs === undefined ? undefined : theirs - ours;
  const percent =
    difference === undefined || ours === 0 ? undefined : roundPercent((difference / ours) * 100);
  // Of whole numbers, so that 1 of 100 is within 1 %, whatever a division makes of it.
  const isWithinTolerance = Math.abs(difference ?? 0) <= ours * tolerance + 1e-9;
  return { kind, ours, theirs, difference, percent, isWithinTolerance, ledger };
}

/** To hundredths; what is not 0 doesn't become it. */
function roundPercent(percent: number): number {
  const rounded = Math.round(percent * 100) / 100;
  return rounded === 0 ? Math.sign(percent) * (percent === 0 ? 0 : 0.01) : rounded;
}
