import type { StartOptions } from '../service.ts';

const reminderInterval = 30_000;

/** Does a piece of work that may take long, and reports its start, every 30 s of it, and its end. */
export async function step<Result>(
  what: string,
  report: StartOptions['report'],
  work: () => Promise<Result>,
): Promise<Result> {
  const startedAt = Date.now();
  const elapsed = () => `${Math.round((Date.now() - startedAt) / 1_000)} s`;
  report(`${what} …`);
  const reminder = setInterval(() => report(`${what} … ${elapsed()}`), reminderInterval);
  try {
    const result = await work();
    report(`${what}: done in ${elapsed()}`);
    return result;
  } finally {
    clearInterval(reminder);
  }
}
