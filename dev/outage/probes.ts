import type { LoggedOutage } from './attempts.ts';

/** The connector's own promise: a second after the first failure, then twice as long each time, up to a minute. */
const shortestProbeInterval = 1_000;
const longestProbeInterval = 60_000;
/** The log rounds to milliseconds, and the clocks of two processes differ by as much. */
const rounding = 5;

/** The requests of an outage. Times are milliseconds since 1970. */
export interface Probing {
  /** Until the connector stopped sending, those then in flight included. */
  readonly requestsBefore: number;
  /** When those in flight had ended: from then on every request is a probe. */
  readonly probesFrom: number;
  readonly probes: number;
  /** The most probes within any second. */
  readonly mostInASecond: number;
  /** When the first probe after the outage was due. */
  readonly nextDueAt: number;
}

/** The requests of an outage that ended at `until`; undefined when the connector never stopped sending. */
export function countProbes(
  { heldAt, attempts }: LoggedOutage,
  arrivals: readonly number[],
  until: number,
): Probing | undefined {
  if (heldAt === undefined) return undefined;
  const before = attempts.filter(({ startedAt }) => startedAt <= heldAt + rounding);
  const probesFrom = Math.max(heldAt, ...before.map(({ endedAt }) => endedAt));
  const probes = arrivals.filter((at) => at > probesFrom && at < until);
  const failed = attempts.filter(({ startedAt }) => startedAt > probesFrom);
  const interval = Math.min(shortestProbeInterval * 2 ** failed.length, longestProbeInterval);
  return {
    requestsBefore: arrivals.filter((at) => at <= probesFrom).length,
    ...{ probesFrom, probes: probes.length },
    mostInASecond: mostWithin(probes, 1_000),
    nextDueAt: Math.max(probesFrom, ...failed.map(({ endedAt }) => endedAt)) + interval,
  };
}

/** The most of these times that lie within so many milliseconds. */
function mostWithin(times: readonly number[], milliseconds: number): number {
  const inOrder = times.toSorted((one, other) => one - other);
  let first = 0;
  let most = 0;
  for (const [index, time] of inOrder.entries()) {
    while ((inOrder[first] ?? time) <= time - milliseconds) first += 1;
    most = Math.max(most, index - first + 1);
  }
  return most;
}
