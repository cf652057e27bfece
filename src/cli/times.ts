import { UsageError } from './usageError.ts';

/** The time that an option gives, in milliseconds since the Unix epoch; without a zone it is UTC. Throws UsageError. */
export function readTime(option: string, text: string): number {
  const hasNoZone = /^\d{4}-\d\d-\d\dT[\d:.]+$/.test(text);
  const time = Date.parse(hasNoZone ? `${text}Z` : text);
  if (!Number.isNaN(time)) return time;
  throw new UsageError(`${option} "${text}" is no time such as 2026-11-24T10:00:00Z`);
}
