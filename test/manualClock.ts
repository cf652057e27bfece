import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../src/clock.ts';

interface Timer {
  readonly at: number;
  readonly work: () => void;
}

/** A clock that stands still until the test moves it. */
export class ManualClock implements Clock {
  #now: number;
  readonly #timers = new Set<Timer>();

  constructor(now = Date.UTC(2026, 0, 1)) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  /** How many timers wait. */
  get pending(): number {
    return this.#timers.size;
  }

  schedule(milliseconds: number, work: () => void): () => void {
    const timer = { at: this.#now + milliseconds, work };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  wait(milliseconds: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    if (signal.aborted) reject(signal.reason);
    const cancel = this.schedule(milliseconds, resolve);
    signal.addEventListener('abort', () => {
      cancel();
      reject(signal.reason);
    });
    return promise;
  }

  /** Moves time on, runs what falls due in its order, and lets promises settle after each. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    await settlePromises();
    for (;;) {
      const next = [...this.#timers]
        .filter(({ at }) => at <= end)
        .toSorted((one, other) => one.at - other.at)[0];
      if (!next) break;
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.work();
      await settlePromises();
    }
    this.#now = end;
  }
}

/** Lets everything that waits for nothing but other promises, or for the next turn of the event loop, come to its end. */
export async function settlePromises(): Promise<void> {
  await setImmediate();
  // What a promise has put off meanwhile stands behind that.
  await setImmediate();
}
