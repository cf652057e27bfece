import { systemClock } from './clock.ts';
import type { Config } from './config/schema.ts';
import { toError } from './errors.ts';
import type { KafkaAdmin } from './kafka/admin.ts';
import { createAdminKafka } from './kafka/client.ts';
import { AssignedPartition, type SourceRecord } from './kafka/partition.ts';
import { partitionName } from './kafka/partitionName.ts';
import { beginSpan, type TimeSpan } from './kafka/timeSpan.ts';
import { presentTopics } from './pipeline/assemble.ts';
import { type Logger, quietKafkaLog } from './telemetry/log.ts';

const lookInterval = 1_000;

/** Past events to be processed: those with a Kafka timestamp in the span. */
export interface Backfill extends TimeSpan {
  /** The consumer group that reads them, never that of the configuration. */
  readonly group: string;
}

/** What beginning a backfill needs. */
export interface BackfillParts {
  readonly config: Config;
  readonly admin: Pick<KafkaAdmin, 'topics' | 'committed'>;
  readonly log: Logger;
}

/** A backfill whose partitions, and where they begin and end, are known. */
export class BackfillRun {
  readonly #parts: BackfillParts;
  readonly #span: TimeSpan;
  readonly #partitions: ReadonlyMap<string, AssignedPartition>;

  private constructor(
    parts: BackfillParts,
    span: TimeSpan,
    partitions: readonly AssignedPartition[],
  ) {
    this.#parts = parts;
    this.#span = span;
    this.#partitions = new Map(
      partitions.map((partition) => [partitionName(partition), partition]),
    );
  }

  /** Begins it, or goes on with it where its group has offsets. Throws UnavailableError and ConfigurationError. */
  static async begin(backfill: Backfill, parts: BackfillParts): Promise<BackfillRun> {
    const { config, admin, log } = parts;
    const settings = { ...config.kafka, group: backfill.group };
    const topics = presentTopics(config.mappings, await admin.topics());
    const kafka = createAdminKafka(settings, quietKafkaLog(log));
    const spans = await beginSpan(kafka, settings, topics, backfill);
    const partitions = spans.map(({ topic, partition, end }) =>
      Object.assign(new AssignedPartition(topic, partition), { end }),
    );
    const offsets = spans.reduce((sum, { start, end }) => sum + end - start, 0);
    log.info({ group: backfill.group, ...describeSpan(backfill), offsets }, 'backfilling');
    return new BackfillRun(parts, backfill, partitions);
  }

  /** Whether the topic belongs to it: what has come since doesn't. */
  hasTopic(topic: string): boolean {
    return [...this.#partitions.values()].some((partition) => partition.topic === topic);
  }

  /** The offset at which it ends in a partition; one that has come since is not read at all. */
  endOf(partition: AssignedPartition): number {
    return this.#partitions.get(partitionName(partition))?.end ?? 0;
  }

  /** The records that lie in its span. Others, which clocks that differ have put among them, are settled. */
  choose(records: readonly SourceRecord[]): readonly SourceRecord[] {
    const { from, to } = this.#span;
    const { inside = [], outside = [] } = Object.groupBy(records, ({ timestamp }) =>
      timestamp >= from && timestamp < to ? 'inside' : 'outside',
    );
    for (const { source, offset } of outside) source.watermark.settle(offset);
    return inside;
  }

  /**
   * Resolves once the group has committed all of it, by whichever of its members; of what `owned` holds nothing, nothing
   * need be committed. Rejects when `signal` aborts.
   */
  async untilComplete(
    owned: () => readonly AssignedPartition[],
    signal: AbortSignal,
  ): Promise<void> {
    while (!(await this.#isComplete(owned()))) await systemClock.wait(lookInterval, signal);
  }

  async #isComplete(owned: readonly AssignedPartition[]): Promise<boolean> {
    const { admin, log } = this.#parts;
    // A member that was handed no record at all has nothing to commit through.
    const empty = new Set(owned.filter(({ heldNothing }) => heldNothing).map(partitionName));
    const awaited = [...this.#partitions.values()].filter(
      (each) => !empty.has(partitionName(each)),
    );
    try {
      const committed = await admin.committed(awaited);
      return [...committed].every(([{ end }, offset]) => offset >= end);
    } catch (thrown) {
      const error = toError(thrown).message;
      log.warn({ error }, "the broker doesn't tell the group's offsets; trying again");
      return false;
    }
  }
}

function describeSpan({ from, to }: TimeSpan) {
  return { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
}
