import type { Clock } from '../clock.ts';
import type { ClickStore } from './store.ts';

const interval = 60_000;
/** Clicks removed at once: few enough for SQLite, in which the process stands still meanwhile. */
export const purgeStep = 250;
/** The milliseconds before the next step where more are left. */
export const purgePause = 100;
const day = 86_400_000;

/** When clicks are removed. */
export interface RetentionOptions {
  /** Milliseconds for which a click counts. */
  readonly window: number;
  readonly clock: Clock;
  /** Whether all that Kafka holds was read: a backlog still needs the clicks of its time. */
  readonly hasCaughtUp: () => boolean;
  readonly onFailure: (thrown: unknown) => void;
}

/**
 * Removes, once a minute, the clicks that count no more: those older than the window and a day. It goes in
 * small steps, so that no look-up waits for it. Returns how to stop.
 */
export function startRetention(clicks: ClickStore, options: RetentionOptions): () => void {
  const { window, clock, hasCaughtUp, onFailure } = options;
  const stopping = new AbortController();

  async function removeUntilStopped(): Promise<never> {
    for (let delay = interval; ; ) {
      await clock.wait(delay, stopping.signal);
      delay = (await removeStep()) === purgeStep ? purgePause : interval;
    }
  }

  async function removeStep(): Promise<number> {
    if (!hasCaughtUp()) return 0;
    try {
      return await clicks.purge(clock.now() - window - day, purgeStep);
    } catch (thrown) {
      onFailure(thrown);
      return 0;
    }
  }

  removeUntilStopped().catch((thrown) => {
    if (!stopping.signal.aborted) onFailure(thrown);
  });
  return () => stopping.abort();
}
