import type { Clock } from '../clock.ts';
import type { Store } from './store.ts';

const interval = 60_000;
/** Rows of a table removed at once: few enough for SQLite, in which the process stands still meanwhile. */
export const purgeStep = 200;
/** The milliseconds before the next step where more are left. */
export const purgePause = 100;
const day = 86_400_000;

/** What rows are removed of. */
type PurgedTable = 'clicks' | 'ledger';

/** When rows are removed. */
export interface RetentionOptions {
  /** Milliseconds for which a click counts. */
  readonly window: number;
  /** Milliseconds for which a conversion that has ended is known. */
  readonly ledgerRetention: number;
  readonly clock: Clock;
  /** Whether all that Kafka holds was read: a backlog still needs the clicks of its time. */
  readonly hasCaughtUp: () => boolean;
  readonly onPurged: (table: PurgedTable, rows: number) => void;
  readonly onFailure: (thrown: unknown) => void;
}

/**
 * Removes, once a minute, the clicks that count no more (those older than the window and a day) and the conversions
 * that ended longer ago than the ledger is kept. It goes in small steps, so that nobody waits for it for long.
 * Returns how to stop.
 */
export function startRetention(
  { clicks, ledger }: Pick<Store, PurgedTable>,
  options: RetentionOptions,
): () => void {
  const { window, ledgerRetention, clock, hasCaughtUp, onPurged, onFailure } = options;
  const stopping = new AbortController();

  async function removeUntilStopped(): Promise<never> {
    for (let delay = interval; ; ) {
      await clock.wait(delay, stopping.signal);
      delay = (await removeStep()) ? purgePause : interval;
    }
  }

  /** Whether more may be left. */
  async function removeStep(): Promise<boolean> {
    if (!hasCaughtUp()) return false;
    const now = clock.now();
    try {
      const removed = {
        clicks: await clicks.purge(now - window - day, purgeStep),
        ledger: await ledger.purge(now - ledgerRetention, purgeStep),
      };
      for (const table of ['clicks', 'ledger'] as const) {
        if (removed[table] > 0) onPurged(table, removed[table]);
      }
      return Math.max(removed.clicks, removed.ledger) === purgeStep;
    } catch (thrown) {
      onFailure(thrown);
      return false;
    }
  }

  removeUntilStopped().catch((thrown) => {
    if (!stopping.signal.aborted) onFailure(thrown);
  });
  return () => stopping.abort();
}
