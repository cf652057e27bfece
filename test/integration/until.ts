import { setTimeout as sleep } from 'node:timers/promises';

const interval = 50;

/** Waits until `holds` says true; throws with what it last saw once the deadline (milliseconds) has passed. */
export async function until<Seen>(
  see: () => Promise<Seen> | Seen,
  holds: (seen: Seen) => boolean,
  deadline = 60_000,
): Promise<Seen> {
  const endsAt = performance.now() + deadline;
  for (;;) {
    const seen = await see();
    if (holds(seen)) return seen;
    if (performance.now() > endsAt) {
      throw new Error(`not within ${deadline} ms; last seen: ${JSON.stringify(seen)}`);
    }
    await sleep(interval);
  }
}
