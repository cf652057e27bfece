import { createHash } from 'node:crypto';
import pino, { type Logger } from 'pino';

export type { Logger } from 'pino';

/** JSON lines on stderr; results of commands go to stdout. */
export function createLog(level: string): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    pino.destination({ fd: 2, sync: true }),
  );
}

/** How the Kafka client's lines come into this log. */
export function kafkaLog(log: Logger) {
  return (
    level: 'error' | 'warn' | 'info' | 'debug',
    message: string,
    fields: Record<string, unknown>,
  ): void => log[level](fields, message);
}

/** A click id as logs and spans show it: enough to find it again, not enough to use it. */
export function hashClickId(clickId: string): string {
  return createHash('sha256').update(clickId).digest('hex').slice(0, 12);
}
