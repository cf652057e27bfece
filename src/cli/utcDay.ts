import type { TimeSpan } from '../store/settledCounts.ts';
import { UsageError } from './usageError.ts';

const oneDay = 86_400_000;

/** A day in UTC, and when it begins and ends. */
export interface UtcDay extends TimeSpan {
  /** `YYYY-MM-DD`. */
  readonly date: string;
}

/** The day that was asked for: a date, `today` or `yesterday`. Throws UsageError for others, and for a day to come. */
export function readUtcDay(text: string, now: number): UtcDay {
  const today = now - (now % oneDay);
  const named = new Map([
    ['today', today],
    ['yesterday', today - oneDay],
  ]);
  const from = named.get(text) ?? timeOf(text);
  if (from === undefined) {
    throw new UsageError(`--date "${text}" is no day such as 2026-11-24, today or yesterday`);
  }
  if (from > now) throw new UsageError(`--date "${text}" is a day that is still to come, in UTC`);
  return { date: dateOf(from), from, to: from + oneDay };
}

/** `YYYY-MM-DD` in UTC. */
export function dateOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

function timeOf(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return undefined;
  const time = Date.parse(text);
  // There is no 30 February, but Date takes it for 2 March.
  return Number.isNaN(time) || dateOf(time) !== text ? undefined : time;
}
