const firstDelay = 1_000;
const longestDelay = 60_000;
const longestRetryAfter = 3_600_000;

/**
 * Milliseconds to wait before the next attempt: full jitter under an exponential ceiling from 1 s to 60 s
 * (design §5), but never less than what Retry-After asks for.
 * `failures` counts the attempts that have failed, from 1; `random` is in [0, 1).
 */
export function retryDelay(failures: number, retryAfter: number, random: number): number {
  const ceiling = Math.min(firstDelay * 2 ** (failures - 1), longestDelay);
  return Math.max(random * ceiling, retryAfter);
}

/**
 * A Retry-After header in milliseconds from `now`: seconds or an HTTP date (RFC 9110 §10.2.3), at most an
 * hour; 0 without the header or with one that is neither.
 */
export function parseRetryAfter(header: string | undefined, now: number): number {
  const text = header?.trim() ?? '';
  const milliseconds = /^\d+$/.test(text) ? Number(text) * 1_000 : parseHttpDate(text) - now;
  return Number.isNaN(milliseconds) ? 0 : Math.min(Math.max(milliseconds, 0), longestRetryAfter);
}

/** One of the three forms of RFC 9110 §5.6.7; each begins with the day's name, and asctime's means GMT without saying so. */
function parseHttpDate(text: string): number {
  if (!/^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text)) return Number.NaN;
  return Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
}
