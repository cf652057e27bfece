import type { Clock } from '../../src/clock.ts';
import type { Owner, Scheduler } from './scheduler.ts';

let current: Scheduler | undefined;

/**
 * Runs `work` while timers, Date.now and Math.random of this thread are those of the scheduler: kafkajs takes
 * them from there. A timer belongs to whoever acts when it is set, and ends with it.
 */
export async function inVirtualTime<Result>(
  scheduler: Scheduler,
  work: () => Promise<Result>,
): Promise<Result> {
  const real = { setTimeout, clearTimeout, setInterval, clearInterval };
  const { now } = Date;
  const { random } = Math;
  current = scheduler;
  Object.assign(globalThis, virtualTimers(scheduler));
  Date.now = () => scheduler.now;
  Math.random = scheduler.random;
  try {
    return await work();
  } finally {
    current = undefined;
    Object.assign(globalThis, real);
    Date.now = now;
    Math.random = random;
  }
}

/** What `node:timers/promises` exports, in the time of the scheduler that runs now. */
export const virtualTimersPromises = {
  setTimeout<Value>(milliseconds: number, value: Value, options?: { signal?: AbortSignal }) {
    if (!current) throw new Error('no simulation runs');
    return sleep(current, milliseconds, options?.signal).then(() => value);
  },
};

/** The clock of a simulated process. */
export function clockOf(scheduler: Scheduler, owner: Owner): Clock {
  return {
    now: () => scheduler.now,
    schedule: (milliseconds, work) => scheduler.schedule(milliseconds, owner, work),
    wait: (milliseconds, signal) => sleep(scheduler, milliseconds, signal),
  };
}

function sleep(scheduler: Scheduler, milliseconds: number, signal?: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  if (signal?.aborted) {
    reject(signal.reason);
    return promise;
  }
  const abort = () => {
    cancel();
    reject(signal?.reason);
  };
  const cancel = scheduler.schedule(milliseconds, scheduler.owner, () => {
    signal?.removeEventListener('abort', abort);
    resolve();
  });
  signal?.addEventListener('abort', abort, { once: true });
  return promise;
}

interface VirtualTimer {
  cancel: () => void;
}

function virtualTimers(scheduler: Scheduler) {
  const clear = (timer: VirtualTimer | undefined) => timer?.cancel();
  return {
    setTimeout(work: () => void, milliseconds = 1): VirtualTimer {
      return { cancel: scheduler.schedule(Math.max(milliseconds, 1), scheduler.owner, work) };
    },
    setInterval(work: () => void, milliseconds: number): VirtualTimer {
      const { owner } = scheduler;
      const timer: VirtualTimer = { cancel: () => {} };
      const repeat = () => {
        timer.cancel = scheduler.schedule(milliseconds, owner, () => {
          repeat();
          work();
        });
      };
      repeat();
      return timer;
    },
    clearTimeout: clear,
    clearInterval: clear,
  };
}
