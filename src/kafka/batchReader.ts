import type { EachBatchPayload, KafkaMessage } from 'kafkajs';
import type { Clock } from '../clock.ts';
import { toError } from '../errors.ts';
import { Assignment } from './assignment.ts';
import type { KafkaLog } from './client.ts';
import { type GroupOffsets, GroupStanding } from './groupOffsets.ts';
import { Looks } from './looks.ts';
import { type AssignedPartition, SourceRecord } from './partition.ts';
import { RoomWait } from './roomWait.ts';
import { type BrokerOffsets, StageGate } from './stageGate.ts';
import type { TopicStages } from './stageOrder.ts';

/**
 * Milliseconds after the start of its fetch for which a batch waits for room at most. Meanwhile nothing else is fetched
 * from its broker, and what kafkajs does between two fetches has to wait; far less than `longestFetch` in assignment.ts.
 */
const longestHold = 5_000;

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
  /** Stops, or goes on with, fetching from a partition. */
  readonly fetching: {
    pause(partition: AssignedPartition): void;
    resume(partition: AssignedPartition): void;
    /** Fetches from the first record on, whatever was fetched before. */
    restart(partition: AssignedPartition): void;
  };
}

/**
 * Takes fetched batches and hands their records on, and decides from which partitions more is fetched. What there is
 * no room for waits for a while in its batch, which kafkajs has in memory anyway, and holds up further fetches; only
 * when no room comes is fetching paused. A batch that is not taken, or not whole, is not resolved: kafkajs fetches
 * the rest again.
 */
export class BatchReader {
  readonly assignment = new Assignment();
  readonly #options: BatchReaderOptions;
  readonly #gate: StageGate;
  readonly #group: GroupStanding;
  readonly #looks: Looks;
  readonly #roomWait: RoomWait;
  #isHeld = false;
  /** Whether a batch has waited for room in vain since it was held. */
  #isPaused = false;

  constructor(options: BatchReaderOptions) {
    this.#options = options;
    const { topics, offsets, clock, maxWait } = options;
    this.#gate = new StageGate(topics, offsets, {
      maxWait,
      onStandstill: (topic, partition) => this.#tellStandstill(topic, partition),
    });
    this.#looks = new Looks(clock, maxWait);
    this.#roomWait = new RoomWait(clock);
    this.#group = new GroupStanding(options.offsets, () => this.assignment.partitions);
  }

  /** From now on these are the topics that it may be given. */
  follow(topics: readonly TopicStages[]): void {
    this.#gate.follow(topics);
  }

  /**
   * Hands on no more than there is room for, until `resume`. Does not pause at once: what is being fetched from other
   * brokers would be decoded and thrown away.
   */
  hold(): void {
    this.#isHeld = true;
  }

  /** Goes on, whatever the partitions wait for themselves. */
  resume(): void {
    this.#isHeld = false;
    this.#isPaused = false;
    this.applyPauses();
    this.#roomWait.end();
  }

  /** Takes the partitions of the generation that was just joined. kafkajs keeps pauses; these are new ones. */
  assign(partitionsByTopic: Readonly<Record<string, readonly number[]>>): void {
    this.assignment.assign(partitionsByTopic);
    const { endOf } = this.#options;
    if (endOf) for (const each of this.assignment.partitions) each.end = endOf(each);
    this.#gate.assigned();
    this.#looks.restart();
    // At once: with a topic that is deleted meanwhile that knowledge is gone.
    void this.#orLater(this.#group.ask());
    for (const partition of this.assignment.partitions) this.#options.fetching.resume(partition);
    this.applyPauses();
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
      await this.#untilRoom(payload, partition);
      if (!this.#isCurrent(payload, partition)) break;
      // The gate takes what it lets through for read: it is shown no more than there is room for.
      const piece = messages.slice(taken, taken + this.#options.room());
      const last =
        taken + piece.length === messages.length ? batch.lastOffset() : piece.at(-1)?.offset;
      const admitted = await this.#takePiece(payload, partition, { piece, next: Number(last) + 1 });
      taken += admitted;
      if (admitted === 0 || admitted < piece.length) break;
    }
    this.applyPauses();
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

  async #untilRoom(payload: EachBatchPayload, partition: AssignedPartition): Promise<void> {
    await this.#roomWait.untilEnded(
      payload,
      () => this.#isHeld && this.#isCurrent(payload, partition) && this.#mayHold(),
    );
    if (this.#isHeld) this.#isPaused = true;
  }

  /** Whether the fetch that is being handled began lately. */
  #mayHold(): boolean {
    return this.assignment.longestFetchTime(this.#options.clock.now()) < longestHold;
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
      this.#restart(partition, partition.position);
    }
  }

  /** To be called every few seconds, while it is in its group: others may have come further, or stand still. */
  lookAgain(): void {
    const partitions = [...this.assignment.partitions];
    const { elapsed, isReadingBacklog } = this.#looks.look(partitions);
    const isStopped = this.#isHeld || this.#isSettling();
    if (!isStopped) this.#gate.pass({ own: isReadingBacklog ? 0 : elapsed, others: elapsed });
    const allRest = isStopped || isReadingBacklog || this.#options.isWaiting();
    this.#looks.tellRests(partitions.filter(({ isPaused }) => isPaused || allRest));
    this.#gate.lookAgain();
    this.applyPauses();
  }

  /** Fetches from the partitions that may go on, and from no other. */
  applyPauses(): void {
    const partitions = [...this.assignment.partitions];
    this.#gate.release(partitions);
    for (const partition of partitions) {
      const rests = partition.isTooFarAhead || partition.hasReachedEnd;
      const isPaused = this.#isPaused || this.#gate.isBlocked(partition) || rests;
      if (isPaused === partition.isPaused) continue;
      partition.isPaused = isPaused;
      if (isPaused) this.#options.fetching.pause(partition);
      else this.#options.fetching.resume(partition);
    }
  }

  /** The partition that a batch belongs to, unless it was fetched for an earlier generation, or before a restart. */
  async #partitionOf(payload: EachBatchPayload): Promise<AssignedPartition | undefined> {
    const { batch } = payload;
    const partition = this.assignment.find(batch.topic, batch.partition);
    if (!partition || this.#isSettling() || payload.isStale()) return undefined;
    const fetchedOffset = Number((batch as { fetchedOffset?: string }).fetchedOffset);
    if (partition.groupOffset === undefined) await this.#orLater(this.#group.ask());
    const { position, groupOffset, startOffset } = partition;
    if (groupOffset === undefined || partition.isRevoked) return undefined;
    // What is fetched until it is paused.
    if (partition.hasReachedEnd) return void this.applyPauses();
    const isAnother = position === undefined && groupOffset < 0;
    const expectedOffset = position ?? startOffset ?? fetchedOffset;
    if (expectedOffset !== fetchedOffset) {
      // Without an offset of the group, kafkajs goes on where it was, in a log that is another one now.
      return isAnother
        ? this.#restart(partition, fetchedOffset)
        : this.#followLog(partition, expectedOffset, fetchedOffset);
    }
    if (isAnother) this.#tellStart(partition, fetchedOffset);
    partition.position = fetchedOffset;
    return partition;
  }

  /** Whether the rest of a batch of the partition may be taken: nothing has come between. */
  #isCurrent(payload: EachBatchPayload, partition: AssignedPartition): boolean {
    const { topic, partition: number } = partition;
    return this.assignment.find(topic, number) === partition && !payload.isStale();
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

  /** Reads a log that is another one now from its first record on. */
  #restart(partition: AssignedPartition, expectedOffset: number | undefined): undefined {
    this.#tellRecreated(partition, expectedOffset, 0);
    this.assignment.replace(partition);
    this.#options.fetching.restart(partition);
  }

  #tellStandstill(topic: string, partition: number): void {
    const message = 'a partition stands still; what waited for it goes on without it';
    this.#options.log('warn', message, { topic, partition, maxWait: this.#options.maxWait });
    this.#options.onStandstill(topic, partition);
  }

  #tellRecreated(
    { topic, partition }: AssignedPartition,
    expectedOffset: number | undefined,
    offset: number,
  ): void {
    const message = 'a topic was recreated; it is read from its beginning';
    this.#options.log('error', message, { topic, partition, expectedOffset, offset });
  }

  /** The broker goes on elsewhere than where reading stopped: what was read before keeps its worth, or its log is gone. */
  #followLog(
    partition: AssignedPartition,
    expectedOffset: number,
    offset: number,
  ): AssignedPartition {
    if (offset > expectedOffset) {
      const { topic, partition: number } = partition;
      const fields = { topic, partition: number, expectedOffset, offset };
      this.#options.log('error', 'records were removed from a topic before they were read', fields);
      partition.advance(offset);
      return partition;
    }
    this.#tellRecreated(partition, expectedOffset, offset);
    const fresh = this.assignment.replace(partition);
    fresh.position = offset;
    return fresh;
  }

  async #admit(partition: AssignedPartition, records: readonly SourceRecord[]): Promise<number> {
    const { partitions } = this.assignment;
    return (await this.#orLater(this.#gate.admit(partition, records, partitions))) ?? 0;
  }

  /** What the broker tells; undefined when it doesn't. What is not resolved then comes again with the next fetch. */
  async #orLater<Answer>(answer: Promise<Answer>): Promise<Answer | undefined> {
    try {
      return await answer;
    } catch (thrown) {
      this.#options.log('warn', "the broker doesn't tell its offsets; trying again", {
        error: toError(thrown).message,
      });
      return undefined;
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

function upToEnd(messages: readonly KafkaMessage[], { end }: AssignedPartition) {
  const isWhole = Number(messages.at(-1)?.offset ?? end) < end;
  return isWhole ? messages : messages.filter(({ offset }) => Number(offset) < end);
}
