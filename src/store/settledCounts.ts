import { z } from 'zod';

const minute = 60_000;
const day = 24 * 60 * minute;

/**
 * How near the ends of a span the clocks of two systems may put one event on different sides, in milliseconds.
 */
const edge = 5 * minute;

/**
 * How long before it is settled a conversion can have been claimed: as long as one process holds it through an outage,
 * since each start claims anew. It is what bounds the rows that are read, as there is no index on settled_at.
 */
const longestClaim = 3 * day;

/** A span of time, in milliseconds since the Unix epoch: from `from` to before `to`. */
export interface TimeSpan {
  readonly from: number;
  readonly to: number;
}

/** What the ledger has of the conversions of one kind that were settled within a span. */
export interface SettledCounts {
  readonly delivered: number;
  /** Of the delivered: sent again, since an answer was lost or a process ended; Powerspace may have two of each. */
  readonly sentAgain: number;
  /** Of the delivered: settled within `edge` of one of the span's ends. */
  readonly nearEnds: number;
  /** Delivered, too, but settled before or after the span, within `edge` of it. */
  readonly justOutside: number;
  /** Claimed before the end of the span, and not settled to this day. */
  readonly open: number;
  /** Given up, by the reason of the dead letter; `unknown` where an older version noted none. */
  readonly deadLettered: Readonly<Record<string, number>>;
}

/** By what was reported. */
export type SettledByKind = Readonly<Record<'lead' | 'order', SettledCounts>>;

/** What databases write differently. */
interface Dialect {
  /** A parameter by its number from 1, as a time in the ledger. */
  time(parameter: number): string;
  /** Whether the answer to an attempt was lost. */
  readonly hasAmbiguousAttempt: string;
}

/**
 * Counts in one statement by the index on claimed_at, which reads some four days of claims for a day. Its parameters
 * are those of `settledParameters`.
 */
export function settledStatement({ time, hasAmbiguousAttempt }: Dialect): string {
  const [earliest, before, from, early, late, to, after] = [1, 2, 3, 4, 5, 6, 7].map(time);
  const isWithin = `settled_at >= ${from} AND settled_at < ${to}`;
  return `
  SELECT kind, state, reason,
    count(*) FILTER (WHERE ${isWithin}) AS settled,
    count(*) FILTER (WHERE ${isWithin} AND (interrupted OR ${hasAmbiguousAttempt})) AS sent_again,
    count(*) FILTER (WHERE ${isWithin} AND (settled_at < ${early} OR settled_at >= ${late})) AS near_ends,
    count(*) FILTER (WHERE settled_at < ${from} OR settled_at >= ${to}) AS just_outside,
    count(*) FILTER (WHERE state = 'claimed' AND claimed_at < ${to}) AS open
  FROM ledger
  WHERE claimed_at >= ${earliest} AND claimed_at < ${after}
    AND (state = 'claimed' OR settled_at >= ${before} AND settled_at < ${after})
  GROUP BY kind, state, reason`;
}

/** The parameters of `settledStatement`, as milliseconds. */
export function settledParameters({ from, to }: TimeSpan): readonly number[] {
  return [from - longestClaim, from - edge, from, from + edge, to - edge, to, to + edge];
}

const integer = z.union([z.number(), z.string()]).transform(Number);
const settledRow = z.object({
  kind: z.enum(['lead', 'order']),
  state: z.enum(['claimed', 'delivered', 'rejected', 'undeliverable']),
  reason: z.string().nullable(),
  settled: integer,
  sent_again: integer,
  near_ends: integer,
  just_outside: integer,
  open: integer,
});

/** Throws for a row that no version of the connector has written. */
export function toSettledByKind(rows: readonly Record<string, unknown>[]): SettledByKind {
  const groups = rows.map((row) => settledRow.parse(row));
  const of = (kind: 'lead' | 'order') => toCounts(groups.filter((group) => group.kind === kind));
  return { lead: of('lead'), order: of('order') };
}

function toCounts(groups: readonly z.infer<typeof settledRow>[]): SettledCounts {
  const delivered = groups.filter(({ state }) => state === 'delivered');
  const lost = groups.filter(
    ({ state, settled }) => (state === 'rejected' || state === 'undeliverable') && settled > 0,
  );
  const byReason = Map.groupBy(lost, ({ reason }) => reason ?? 'unknown');
  return {
    delivered: sum(delivered.map(({ settled }) => settled)),
    sentAgain: sum(delivered.map(({ sent_again }) => sent_again)),
    nearEnds: sum(delivered.map(({ near_ends }) => near_ends)),
    justOutside: sum(delivered.map(({ just_outside }) => just_outside)),
    open: sum(groups.map(({ open }) => open)),
    deadLettered: Object.fromEntries(
      Array.from(byReason, ([reason, group]) => [reason, sum(group.map(({ settled }) => settled))]),
    ),
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
