import { z } from 'zod';

/** An attempt that failed, as the connector's own log tells it. Times are milliseconds since 1970. */
interface FailedAttempt {
  readonly startedAt: number;
  readonly endedAt: number;
}

/** What the log says of an outage. */
export interface LoggedOutage {
  /** When the connector stopped sending; undefined when it never did. */
  readonly heldAt: number | undefined;
  readonly attempts: readonly FailedAttempt[];
}

const time = z.iso.datetime().transform((text) => Date.parse(text));
const holdLine = z.object({ level: z.literal('error'), time, hold: z.string() });
const attemptLine = z.object({ time, class: z.string(), milliseconds: z.number() });

/** Reads the connector's log, whole lines: each failed attempt is a line of it, and so is the beginning of a hold. */
export function parseLoggedOutage(log: string): LoggedOutage {
  const attempts: FailedAttempt[] = [];
  let heldAt: number | undefined;
  for (const text of log.trimEnd().split('\n')) {
    const line: unknown = JSON.parse(text);
    const attempt = attemptLine.safeParse(line).data;
    if (attempt) {
      attempts.push({ startedAt: attempt.time - attempt.milliseconds, endedAt: attempt.time });
    }
    heldAt ??= holdLine.safeParse(line).data?.time;
  }
  return { heldAt, attempts };
}
