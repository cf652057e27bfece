import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';

/** How long is waited, and how often is looked, in milliseconds; and for what, for the error. */
export interface UntilOptions {
  readonly deadline: number;
  readonly what: string;
  readonly interval?: number;
}

/** Something didn't come to be in the time that it had. */
export class NotInTimeError extends Error {
  override readonly name = 'NotInTimeError';
}

/** What `see` says as soon as `holds` is true of it. Throws NotInTimeError when that takes too long. */
export async function until<Seen>(
  see: () => Promise<Seen> | Seen,
  holds: (seen: Seen) => boolean,
  { deadline, what, interval = 50 }: UntilOptions,
): Promise<Seen> {
  const endsAt = performance.now() + deadline;
  for (;;) {
    const seen = await see();
    if (holds(seen)) return seen;
    if (performance.now() > endsAt) {
      throw new NotInTimeError(
        `waited ${deadline / 1_000} s in vain for ${what}; last seen: ${inspect(seen)}`,
      );
    }
    await sleep(interval);
  }
}
