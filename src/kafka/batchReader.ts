import type { EachBatchPayload } from 'kafkajs';
import type { Clock } from '../clock.ts';
import { toError } from '../errors.ts';
import { Assignment } from './assignment.ts';
import type { KafkaLog } from './client.ts';
import { type AssignedPartition, SourceRecord } from './partition.ts';
import { type BrokerOffsets, StageGate, type TopicStages } from './stageGate.ts';

/** Settled offsets above the watermark, a partition, beyond which it waits for its slowest record. */
const longestAhead = 1_000_000;

/** What reading batches needs. */
export interface BatchReaderOptions {
  readonly topics: readonly TopicStages[];
  readonly offsets: BrokerOffsets;
  readonly clock: Clock;
  readonly log: KafkaLog;
  /** How many records may be handed on now. */
  readonly room: () => number;
  /** Takes the records of one partition, in order. Must not wait. */
  readonly onRecords: (records: readonly SourceRecord[]) => void;
  /** Stops, or goes on with, fetching from a partition. */
  readonly fetching: {
    pause(partition: AssignedPartition): void;
    resume(partition: AssignedPartition): void;
  };
}

/**
 * Takes fetched batches and hands their records on, and decides from which partitions more is fetched. A batch
 * that is not taken, or not whole, is not resolved: kafkajs fetches the rest again.
 */
export class BatchReader {
  readonly assignment = new Assignment();
  readonly #options: BatchReaderOptions;
  readonly #gate: StageGate;
  #isHeld = false;

  constructor(options: BatchReaderOptions) {
    this.#options = options;
    this.#gate = new StageGate(options.topics, options.offsets);
  }

  /** From now on these are the topics that it may be given. */
  follow(topics: readonly TopicStages[]): void {
    this.#gate.follow(topics);
  }

  /** Fetches nothing more, or goes on, whatever the partitions wait for themselves. */
  hold(): void {
    this.#isHeld = true;
    this.applyPauses();
  }

  resume(): void {
    this.#isHeld = false;
    this.applyPauses();
  }

  /** Takes the partitions of the generation that was just joined. kafkajs keeps pauses; these are new ones. */
  assign(partitionsByTopic: Readonly<Record<string, readonly number[]>>): void {
    this.assignment.assign(partitionsByTopic);
    for (const partition of this.assignment.partitions) this.#options.fetching.resume(partition);
    this.applyPauses();
  }

  /** Takes a batch as far as its records may go on now. */
  async take(payload: EachBatchPayload): Promise<void> {
    const { batch } = payload;
    const partition = this.#partitionOf(payload);
    if (!partition) return;
    partition.highWatermark = Number(batch.highWatermark);
    const records = batch.messages.map((message) => new SourceRecord(partition, message));
    const admitted = Math.min(await this.#admit(partition, records), this.#options.room());
    if (admitted === 0 || partition.isRevoked) return this.applyPauses();

    const isWhole = admitted === records.length;
    const taken = isWhole ? records : records.slice(0, admitted);
    const last = taken.at(-1) as SourceRecord;
    partition.read(taken);
    payload.resolveOffset(String(last.offset));
    this.#options.onRecords(taken);
    this.#advance(partition, isWhole ? Number(batch.lastOffset()) + 1 : last.offset + 1);
  }

  /**
   * Notes a batch that holds no record, only markers of transactions: kafkajs hands it to nobody and moves on
   * by itself. False when it may have been fetched for an earlier generation: then kafkajs may have moved past
   * records, and where it reads can't be trusted any more.
   */
  skip(topic: string, partitionNumber: number, lastOffset: string): boolean {
    const partition = this.assignment.find(topic, partitionNumber);
    if (!partition) return true;
    if (this.#isSettling()) return false;
    this.#advance(partition, Number(lastOffset) + 1);
    return true;
  }

  /** To be called from time to time: other members may have come further. */
  lookAgain(): void {
    this.#gate.lookAgain();
    this.applyPauses();
  }

  /** Fetches from the partitions that may go on, and from no other. */
  applyPauses(): void {
    const partitions = [...this.assignment.partitions];
    this.#gate.release(partitions);
    for (const partition of partitions) {
      const isPaused =
        this.#isHeld || this.#gate.isBlocked(partition) || partition.watermark.ahead > longestAhead;
      if (isPaused === partition.isPaused) continue;
      partition.isPaused = isPaused;
      if (isPaused) this.#options.fetching.pause(partition);
      else this.#options.fetching.resume(partition);
    }
  }

  /** The partition that a batch belongs to, unless it was fetched for an earlier generation. */
  #partitionOf({ batch }: EachBatchPayload): AssignedPartition | undefined {
    const partition = this.assignment.find(batch.topic, batch.partition);
    if (!partition || this.#isSettling()) return undefined;
    const fetchedOffset = Number((batch as { fetchedOffset?: string }).fetchedOffset);
    if (partition.position === undefined || partition.position === fetchedOffset) {
      partition.position = fetchedOffset;
      return partition;
    }
    return this.#followLog(partition, partition.position, fetchedOffset);
  }

  /** The broker goes on elsewhere than where reading stopped: what was read before keeps its worth, or its log is gone. */
  #followLog(
    partition: AssignedPartition,
    expectedOffset: number,
    offset: number,
  ): AssignedPartition {
    const { topic, partition: number } = partition;
    const fields = { topic, partition: number, expectedOffset, offset };
    if (offset > expectedOffset) {
      this.#options.log('error', 'records were removed from a topic before they were read', fields);
      partition.advance(offset);
      return partition;
    }
    this.#options.log('error', 'a topic was recreated; it is read from its beginning', fields);
    const fresh = this.assignment.replace(topic, number);
    fresh.position = offset;
    return fresh;
  }

  async #admit(partition: AssignedPartition, records: readonly SourceRecord[]): Promise<number> {
    try {
      return await this.#gate.admit(partition, records, this.assignment.partitions);
    } catch (thrown) {
      // Not resolved, so the same records come again with the next fetch.
      this.#options.log('warn', "the broker doesn't tell its offsets; trying again", {
        error: toError(thrown).message,
      });
      return 0;
    }
  }

  #advance(partition: AssignedPartition, position: number): void {
    partition.advance(position);
    this.applyPauses();
  }

  #isSettling(): boolean {
    return this.assignment.isSettling(this.#options.clock.now());
  }
}
