import { setTimeout as sleep } from 'node:timers/promises';

/** Time, as the pipeline sees it, so that a test can move it. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Runs `work` once after `milliseconds`, unless the returned function is called first. */
  schedule(milliseconds: number, work: () => void): () => void;
  /** Resolves after `milliseconds`; rejects with the signal's reason as soon as it aborts. */
  wait(milliseconds: number, signal: AbortSignal): Promise<void>;
}

/** The machine's own clock, as it was when the process started: setting it meanwhile moves no deadline. */
export const systemClock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  schedule(milliseconds, work) {
    const timer = setTimeout(work, milliseconds);
    return () => clearTimeout(timer);
  },
  async wait(milliseconds, signal) {
    await sleep(milliseconds, undefined, { signal });
  },
};
