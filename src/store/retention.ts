import type { ClickStore } from './store.ts';

const interval = 60_000;
const step = 1_000;
const day = 86_400_000;

/** When clicks are removed. */
export interface RetentionOptions {
  /** Milliseconds for which a click counts. */
  readonly window: number;
  /** Whether all that Kafka holds was read: a backlog still needs the clicks of its time. */
  readonly hasCaughtUp: () => boolean;
  readonly onFailure: (thrown: unknown) => void;
}

/**
 * Removes clicks that count no more, those older than the window and a day: a small step a minute, so that no
 * look-up waits for it. Returns how to stop.
 */
export function startRetention(clicks: ClickStore, options: RetentionOptions): () => void {
  const timer = setInterval(() => {
    if (!options.hasCaughtUp()) return;
    clicks.purge(Date.now() - options.window - day, step).catch(options.onFailure);
  }, interval);
  return () => clearInterval(timer);
}
