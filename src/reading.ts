import { type BackfillParts, BackfillRun } from './backfill.ts';
import { createAdminKafka } from './kafka/client.ts';
import { beginWhere } from './kafka/groupStart.ts';
import type { TimeSpan } from './kafka/timeSpan.ts';
import { presentTopics } from './pipeline/assemble.ts';
import { quietKafkaLog } from './telemetry/log.ts';

/** What is read, and as whom. */
export interface Reading {
  /** The consumer group: that of the configuration, or another, which begins where that one stands. */
  readonly group: string;
  /** Only the past events of this span. */
  readonly span?: TimeSpan | undefined;
}

/**
 * Has the group begin where it should; of a span, returns where that begins and ends in each partition. Throws
 * UnavailableError and ConfigurationError.
 */
export async function beginReading(
  { group, span }: Reading,
  parts: BackfillParts,
): Promise<BackfillRun | undefined> {
  if (span) return BackfillRun.begin({ ...span, group }, parts);
  const { config, admin, log } = parts;
  if (group === config.kafka.group) return undefined;
  const topics = presentTopics(config.mappings, await admin.topics());
  const kafka = createAdminKafka(config.kafka, quietKafkaLog(log));
  await beginWhere(config.kafka.group, kafka, { ...config.kafka, group }, topics);
  return undefined;
}
