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

/** What `work` resolves with; rejects with the signal's reason as soon as it aborts. The work itself goes on. */
export async function unlessAborted<Result>(
  signal: AbortSignal,
  work: Promise<Result>,
): Promise<Result> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener('abort', onAbort);
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
