import { setTimeout as sleep } from 'node:timers/promises';

/**
 * What `work` resolves with; rejects when that takes longer than `milliseconds`. The work itself can't be
 * stopped: what it comes to afterwards is nobody's.
 */
export async function withDeadline<Result>(
  work: Promise<Result>,
  milliseconds: number,
): Promise<Result> {
  const done = new AbortController();
  const deadline = sleep(milliseconds, undefined, { signal: done.signal }).then(
    () => Promise.reject(new Error(`not done within ${milliseconds} ms`)),
    () => new Promise<never>(() => {}),
  );
  try {
    return await Promise.race([work, deadline]);
  } finally {
    done.abort();
  }
}
