import { until as untilInTime } from '../../dev/until.ts';

/**
 * Waits until `holds` is true of what `see` says, and resolves with that. Throws NotInTimeError, with what it last saw,
 * once the deadline (milliseconds) has passed.
 */
export function until<Seen>(
  see: () => Promise<Seen> | Seen,
  holds: (seen: Seen) => boolean,
  deadline = 60_000,
): Promise<Seen> {
  return untilInTime(see, holds, { deadline, what: 'what the test waits for' });
}
