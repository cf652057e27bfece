import type { Assignment } from './assignment.ts';
import type { KafkaLog } from './client.ts';
import type { Fetching } from './flowControl.ts';
import type { AssignedPartition } from './partition.ts';

/** What judging a log needs. */
export interface LogContinuityOptions {
  readonly assignment: Assignment;
  readonly log: KafkaLog;
  /** Whether nothing was ever read before: then it is no surprise that the group has no offsets. */
  readonly isFirstRun: boolean;
  readonly fetching: Pick<Fetching, 'restart'>;
}

/**
 * Holds what was fetched of a partition against what was read of it before: its log may have lost records, and under
 * the same name there may be another one now. Whatever is passed over, or read from its beginning, is told in the log.
 */
export class LogContinuity {
  readonly #options: LogContinuityOptions;

  constructor(options: LogContinuityOptions) {
    this.#options = options;
  }

  /**
   * The partition to go on with at the offset that was fetched, a fresh one where its log is another one now;
   * undefined where that log must be fetched from its first record on. What the group knows of it has been asked.
   */
  goOn(partition: AssignedPartition, fetchedOffset: number): AssignedPartition | undefined {
    const { position, groupOffset = -1, startOffset } = partition;
    const isUnknown = position === undefined && groupOffset < 0;
    const expectedOffset = position ?? startOffset ?? fetchedOffset;
    if (expectedOffset !== fetchedOffset) {
      // Without an offset of the group, kafkajs goes on where it was, in a log that is another one now.
      return isUnknown
        ? this.restart(partition, fetchedOffset)
        : this.#goOnElsewhere(partition, expectedOffset, fetchedOffset);
    }
    if (isUnknown) this.#tellStart(partition, fetchedOffset);
    partition.position = fetchedOffset;
    return partition;
  }

  /** Reads a log that is another one now from its first record on. */
  restart(partition: AssignedPartition, expectedOffset: number | undefined): undefined {
    this.#tellRecreated(partition, expectedOffset, 0);
    this.#options.assignment.replace(partition);
    this.#options.fetching.restart(partition);
  }

  /** What was read before keeps its worth, or its log is gone. */
  #goOnElsewhere(
    partition: AssignedPartition,
    expectedOffset: number,
    offset: number,
  ): AssignedPartition {
    if (offset > expectedOffset) {
      const { topic, partition: number } = partition;
      const message = 'records were removed from a topic before they were read';
      this.#options.log('error', message, { topic, partition: number, expectedOffset, offset });
      partition.advance(offset);
      return partition;
    }
    this.#tellRecreated(partition, expectedOffset, offset);
    const fresh = this.#options.assignment.replace(partition);
    fresh.position = offset;
    return fresh;
  }

  /** The group has no offset of the partition: it is new, or the offset was lost, with its topic or without. */
  #tellStart(partition: AssignedPartition, offset: number): void {
    const { topic, partition: number, earlierOffset, startOffset } = partition;
    if (earlierOffset !== undefined) this.#tellRecreated(partition, earlierOffset, offset);
    else if (startOffset !== undefined) {
      const message = 'the group has no offset of a partition; it is read from its beginning';
      const level = this.#options.isFirstRun ? 'debug' : 'warn';
      this.#options.log(level, message, { topic, partition: number, offset });
    }
  }

  #tellRecreated(
    { topic, partition }: AssignedPartition,
    expectedOffset: number | undefined,
    offset: number,
  ): void {
    const message = 'a topic was recreated; it is read from its beginning';
    this.#options.log('error', message, { topic, partition, expectedOffset, offset });
  }
}
