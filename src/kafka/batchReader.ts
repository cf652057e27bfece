import type { EachBatchPayload, KafkaMessage } from 'kafkajs';
import type { Clock } from '../clock.ts';
import { Assignment } from './assignment.ts';
import { orLater } from './brokerAnswer.ts';
import type { KafkaLog } from './client.ts';
import { type Fetching, FlowControl } from './flowControl.ts';
import { type GroupOffsets, GroupStanding } from './groupOffsets.ts';
import { LogContinuity } from './logContinuity.ts';
import { Looks } from './looks.ts';
import { type AssignedPartition, SourceRecord } from './partition.ts';
import { type BrokerOffsets, StageGate } from './stageGate.ts';
import type { TopicStages } from './stageOrder.ts';

/** What reading batches needs. */
export interface BatchReaderOptions {
  readonly topics: readonly TopicStages[];
  readonly offsets: BrokerOffsets & GroupOffsets;
  readonly clock: Clock;
  readonly log: KafkaLog;
  /** Whether nothing was ever read before: then it is no surprise that the group has no offsets. */
  readonly isFirstRun: boolean;
  /** How many records may be handed on now. */
  readonly room: () => number;
  /** Milliseconds for which a partition is waited for that stands still though it could move. */
  readonly maxWait: number;
  /** What was handed on waits for a part that is away: nothing moves, by intent. */
  readonly isWaiting: () => boolean;
  /** What waited for a partition goes on without it, until it moves. */
  readonly onStandstill: (topic: string, partition: number) => void;
  /** Where reading a partition ends, if anywhere. */
  readonly endOf?: (partition: AssignedPartition) => number;
  /** Takes the records of one partition, in order. Must not wait. */
  readonly onRecords: (records: readonly SourceRecord[]) => void;
  readonly fetching: Fetching;
}

/**
 * Takes fetched batches and hands their records on. A batch that is not taken, or not whole, is not resolved: kafkajs
 * fetches the rest again.
 */
export class BatchReader {
  readonly assignment = new Assignment();
  readonly #options: BatchReaderOptions;
  readonly #gate: StageGate;
  readonly #flow: FlowControl;
  readonly #group: GroupStanding;
  readonly #continuity: LogContinuity;
  readonly #looks: Looks;

  constructor(options: BatchReaderOptions) {
    this.#options = options;
    const { assignment } = this;
    const { topics, offsets, clock, maxWait, fetching } = options;
    this.#gate = new StageGate(topics, offsets, {
      maxWait,
      onStandstill: (topic, partition) => this.#tellStandstill(topic, partition),
    });
    this.#flow = new FlowControl({ assignment, gate: this.#gate, clock, fetching });
    this.#group = new GroupStanding(offsets, () => assignment.partitions);
    this.#continuity = new LogContinuity({ ...options, assignment });
    this.#looks = new Looks(clock, maxWait);
  }

  /** From now on these are the topics that it may be given. */
  follow(topics: readonly TopicStages[]): void {
    this.#gate.follow(topics);
  }

  /** Hands on no more than there is room for, until `resume`. */
  hold(): void {
    this.#flow.hold();
  }

  /** Goes on, whatever the partitions wait for themselves. */
  resume(): void {
    this.#flow.resume();
  }

  /** Takes the partitions of the generation that was just joined. */
  assign(partitionsByTopic: Readonly<Record<string, readonly number[]>>): void {
    this.assignment.assign(partitionsByTopic);
    const { endOf } = this.#options;
    if (endOf) for (const each of this.assignment.partitions) each.end = endOf(each);
    this.#gate.assigned();
    this.#looks.restart();
    // At once: with a topic that is deleted meanwhile that knowledge is gone.
    void orLater(this.#group.ask(), this.#options.log);
    this.#flow.assigned();
  }

  /** Takes a batch as far as its records may go on, in pieces for which there is room. */
  async take(payload: EachBatchPayload): Promise<void> {
    const { batch } = payload;
    const partition = await this.#partitionOf(payload);
    if (!partition) return;
    partition.highWatermark = Number(batch.highWatermark);
    const messages = upToEnd(batch.messages, partition);
    if (batch.messages.length > 0 && messages.length === 0) {
      return this.#advance(partition, partition.end);
    }
    for (let taken = 0; taken < messages.length; ) {
      await this.#flow.untilRoom(payload, () => this.#isCurrent(payload, partition));
      if (!this.#isCurrent(payload, partition)) break;
      // The gate takes what it lets through for read: it is shown no more than there is room for.
      const piece = messages.slice(taken, taken + this.#options.room());
      const last =
        taken + piece.length === messages.length ? batch.lastOffset() : piece.at(-1)?.offset;
      const admitted = await this.#takePiece(payload, partition, { piece, next: Number(last) + 1 });
      taken += admitted;
      if (admitted === 0 || admitted < piece.length) break;
    }
    this.#flow.apply();
  }

  /** Takes the records that may go on of a piece, behind which `next` is the offset to read; returns how many. */
  async #takePiece(
    payload: EachBatchPayload,
    partition: AssignedPartition,
    { piece, next }: { readonly piece: readonly KafkaMessage[]; readonly next: number },
  ): Promise<number> {
    const records = piece.map((message) => new SourceRecord(partition, message));
    const admitted = await this.#admit(partition, records);
    if (admitted === 0 || !this.#isCurrent(payload, partition)) return 0;

    const isWhole = admitted === records.length;
    const taken = isWhole ? records : records.slice(0, admitted);
    partition.read(taken);
    const { offset } = piece[admitted - 1] as KafkaMessage;
    payload.resolveOffset(offset);
    this.#options.onRecords(taken);
    this.#advance(partition, isWhole ? next : Number(offset) + 1);
    return admitted;
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

  /** To be called before a commit: reads afresh what has become another log. Rejects when the broker doesn't tell. */
  async restartWhatIsLost(): Promise<void> {
    for (const partition of await this.#group.findLost()) {
      this.#continuity.restart(partition, partition.position);
    }
  }

  /** To be called every few seconds, while it is in its group: others may have come further, or stand still. */
  lookAgain(): void {
    const partitions = [...this.assignment.partitions];
    const { elapsed, isReadingBacklog } = this.#looks.look(partitions);
    const isStopped = this.#flow.isHeld || this.#isSettling();
    if (!isStopped) this.#gate.pass({ own: isReadingBacklog ? 0 : elapsed, others: elapsed });
    const allRest = isStopped || isReadingBacklog || this.#options.isWaiting();
    this.#looks.tellRests(partitions.filter(({ isPaused }) => isPaused || allRest));
    this.#gate.lookAgain();
    this.#flow.apply();
  }

  /** The partition that a batch belongs to, unless it was fetched for an earlier generation, or before a restart. */
  async #partitionOf(payload: EachBatchPayload): Promise<AssignedPartition | undefined> {
    const { batch } = payload;
    const partition = this.assignment.find(batch.topic, batch.partition);
    if (!partition || this.#isSettling() || payload.isStale()) return undefined;
    if (partition.groupOffset === undefined) await orLater(this.#group.ask(), this.#options.log);
    if (partition.groupOffset === undefined || partition.isRevoked) return undefined;
    // What is fetched until it is paused.
    if (partition.hasReachedEnd) return void this.#flow.apply();
    return this.#continuity.goOn(partition, fetchedOffsetOf(batch));
  }

  /** Whether the rest of a batch of the partition may be taken: nothing has come between. */
  #isCurrent(payload: EachBatchPayload, partition: AssignedPartition): boolean {
    const { topic, partition: number } = partition;
    return this.assignment.find(topic, number) === partition && !payload.isStale();
  }

  #tellStandstill(topic: string, partition: number): void {
    const message = 'a partition stands still; what waited for it goes on without it';
    this.#options.log('warn', message, { topic, partition, maxWait: this.#options.maxWait });
    this.#options.onStandstill(topic, partition);
  }

  async #admit(partition: AssignedPartition, records: readonly SourceRecord[]): Promise<number> {
    const { partitions } = this.assignment;
    const admitted = this.#gate.admit(partition, records, partitions);
    return (await orLater(admitted, this.#options.log)) ?? 0;
  }

  #advance(partition: AssignedPartition, position: number): void {
    partition.advance(position);
    this.#flow.apply();
  }

  #isSettling(): boolean {
    return this.assignment.isSettling(this.#options.clock.now());
  }
}

function upToEnd(messages: readonly KafkaMessage[], { end }: AssignedPartition) {
  const isWhole = Number(messages.at(-1)?.offset ?? end) < end;
  return isWhole ? messages : messages.filter(({ offset }) => Number(offset) < end);
}

/** Not in the types of kafkajs, and there at run time. */
function fetchedOffsetOf(batch: EachBatchPayload['batch'] & { readonly fetchedOffset?: string }) {
  return Number(batch.fetchedOffset);
}
