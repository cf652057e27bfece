import { hash } from 'node:crypto';
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

type KafkaLevel = 'error' | 'warn' | 'info' | 'debug';

/** How the Kafka client's lines come into this log. */
export function kafkaLog(log: Logger) {
  return (level: KafkaLevel, message: string, fields: Record<string, unknown>): void =>
    log[level](fields, message);
}

/** The same at debug only, for a client whose caller says in one sentence what failed. */
export function quietKafkaLog(log: Logger) {
  return (_level: KafkaLevel, message: string, fields: Record<string, unknown>): void =>
    log.debug(fields, message);
}

/** A click id as a person may see it: its ends, a quarter of it at most, and at most eight characters. */
export function maskClickId(clickId: string): string {
  const shown = Math.min(4, Math.floor(clickId.length / 8));
  return `${clickId.slice(0, shown)}…${clickId.slice(clickId.length - shown)}`;
}

/** A click id as logs and spans show it: enough to find it again, not enough to use it. */
export function hashClickId(clickId: string): string {
  return hash('sha256', clickId, 'hex').slice(0, 12);
}
