import type { Clock } from '../../src/clock.ts';
import type { Scheduler } from './scheduler.ts';

/**
 * Runs `work` while the timers, Date.now and Math.random of this thread are those of the scheduler: kafkajs
 * takes them from there. A timer belongs to whoever acts when it is set, and ends with it.
 */
export async function inVirtualTime<Result>(
  scheduler: Scheduler,
  work: () => Promise<Result>,
): Promise<Result> {
  const real = { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate };
  const { now } = Date;
  const { random } = Math;
  Object.assign(globalThis, timersOf(scheduler));
  Date.now = () => scheduler.now;
  Math.random = scheduler.random;
  try {
    return await work();
  } finally {
    Object.assign(globalThis, real);
    Date.now = now;
    Math.random = random;
  }
}

/** As `setTimeout` of `node:timers/promises`, which doesn't go through the thread's own timers. */
export function sleep<Value>(
  milliseconds: number,
  value: Value,
  { signal }: { signal?: AbortSignal } = {},
): Promise<Value> {
  const { promise, resolve, reject } = Promise.withResolvers<Value>();
  if (signal?.aborted) {
    reject(signal.reason);
    return promise;
  }
  const abort = () => {
    clearTimeout(timer);
    reject(signal?.reason);
  };
  const timer = setTimeout(() => {
    signal?.removeEventListener('abort', abort);
    resolve(value);
  }, milliseconds);
  signal?.addEventListener('abort', abort, { once: true });
  return promise;
}

/** The clock of a simulated process. */
export const virtualClock: Clock = {
  now: () => Date.now(),
  schedule(milliseconds, work) {
    const timer = setTimeout(work, milliseconds);
    return () => clearTimeout(timer);
  },
  wait: (milliseconds, signal) => sleep(milliseconds, undefined, { signal }),
};

interface Timer {
  cancel: () => void;
}

function timersOf(scheduler: Scheduler) {
  const clear = (timer: Timer | undefined) => timer?.cancel();
  return {
    setTimeout(work: () => void, milliseconds = 1): Timer {
      return { cancel: scheduler.schedule(Math.max(milliseconds, 1), scheduler.owner, work) };
    },
    setInterval(work: () => void, milliseconds: number): Timer {
      const { owner } = scheduler;
      const timer: Timer = { cancel: () => {} };
      const repeat = () => {
        timer.cancel = scheduler.schedule(milliseconds, owner, () => {
          repeat();
          work();
        });
      };
      repeat();
      return timer;
    },
    /** The next turn of the event loop is an event like any other: its owner may die before it. */
    setImmediate(work: () => void): Timer {
      return { cancel: scheduler.schedule(0, scheduler.owner, work) };
    },
    clearTimeout: clear,
    clearInterval: clear,
  };
}
