import type { SandboxEntry } from '../../src/sandbox/sandbox.ts';
import type { InjectedFault } from './faultLog.ts';

/** How long a kind of fault took to recover from, in milliseconds. */
export interface RecoveryTimes {
  readonly count: number;
  readonly median: number;
  readonly longest: number;
}

/**
 * For each kind of fault, the time from its end (of a kill, from the kill) to the next postback that was
 * recorded. A fault that another one followed before that counts up to that same postback.
 */
export function recoveryTimes(
  faults: readonly InjectedFault[],
  received: readonly SandboxEntry[],
): Readonly<Record<string, RecoveryTimes>> {
  const recordedAt = received
    .filter(({ status }) => status !== null && status >= 200 && status < 300)
    .map(({ at }) => at);
  const byKind = Map.groupBy(faults, ({ kind }) => kind);
  return Object.fromEntries(
    Array.from(byKind, ([kind, own]) => {
      const times = own
        .map(({ from, until }) => timeUntilNext(recordedAt, kind === 'kill' ? from + 500 : until))
        .filter((time) => time !== undefined)
        .map((time) => (kind === 'kill' ? time + 500 : time))
        .toSorted((one, other) => one - other);
      const median = times[Math.floor(times.length / 2)] ?? 0;
      return [kind, { count: own.length, median, longest: times.at(-1) ?? 0 }];
    }),
  );
}

function timeUntilNext(times: readonly number[], after: number): number | undefined {
  const next = times.find((time) => time >= after);
  return next === undefined ? undefined : next - after;
}
