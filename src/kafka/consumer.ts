import type { Consumer, ConsumerCrashEvent, EachBatchPayload, Kafka } from 'kafkajs';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/schema.ts';
import { toError } from '../errors.ts';
import { Assignment, fencingAssigner } from './assignment.ts';
import { type KafkaLog, kafkaUnavailable } from './client.ts';
import { Committer } from './committer.ts';
import { type AssignedPartition, SourceRecord } from './partition.ts';
import { type BrokerOffsets, StageGate, type TopicStages } from './stageGate.ts';

const commitInterval = 1_000;
const longestRestartDelay = 30_000;
/** Settled offsets above the watermark, a partition, beyond which it waits for the slowest record. */
const longestAhead = 1_000_000;
/** A resumed partition, and a stop, wait for this long at most. */
const maxWaitTime = 250;

/** What the consumer needs. */
export interface RecordConsumerOptions {
  readonly kafka: Kafka;
  readonly settings: Config['kafka'];
  readonly topics: readonly TopicStages[];
  readonly offsets: BrokerOffsets;
  readonly clock: Clock;
  readonly log: KafkaLog;
  /** Takes the records of one partition, in order. Must not wait: see `pause`. */
  readonly onRecords: (records: readonly SourceRecord[]) => void;
  /** A fault of our own: the process should end, since records would stand still. */
  readonly onFailure: (error: Error) => void;
}

/**
 * Reads records and commits what is settled. Built on kafkajs as far as it can be trusted: a batch is handed
 * over at once, so that no slow postback holds up a broker or the membership; offsets are committed by a
 * timer; a crash of kafkajs starts a new consumer.
 */
export class RecordConsumer {
  readonly #options: RecordConsumerOptions;
  readonly #assignment = new Assignment();
  readonly #gate: StageGate;
  readonly #committer = new Committer();
  #consumer: Consumer | undefined;
  #timer: NodeJS.Timeout | undefined;
  #cancelRestart: (() => void) | undefined;
  #crashes = 0;
  #isHeld = false;
  #isMember = false;
  #isStopping = false;

  constructor(options: RecordConsumerOptions) {
    this.#options = options;
    this.#gate = new StageGate(options.topics, options.offsets);
  }

  /** Whether it is in its group now, be it without a partition. */
  get isMember(): boolean {
    return this.#isMember;
  }

  /** The partitions that are read now. */
  get partitions(): readonly AssignedPartition[] {
    return [...this.#assignment.partitions];
  }

  /** Starts reading. Throws UnavailableError when no broker can be reached. */
  async start(): Promise<void> {
    try {
      await this.#run();
    } catch (thrown) {
      throw kafkaUnavailable(this.#options.settings, thrown);
    }
    this.#timer = setInterval(() => this.#tick(), commitInterval);
  }

  /** Stops fetching, while the member stays in its group: the way to say "slower". */
  pause(): void {
    this.#isHeld = true;
    this.#applyPauses();
  }

  /** Fetches again. */
  resume(): void {
    this.#isHeld = false;
    this.#applyPauses();
  }

  /** Commits what is settled, and leaves the group. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    clearInterval(this.#timer);
    this.#cancelRestart?.();
    await this.#commit();
    this.#assignment.fence();
    await this.#consumer?.disconnect();
  }

  async #run(): Promise<void> {
    const { kafka, settings, topics } = this.#options;
    const consumer = kafka.consumer({
      groupId: settings.group,
      sessionTimeout: settings.sessionTimeout,
      heartbeatInterval: Math.min(3_000, Math.floor(settings.sessionTimeout / 3)),
      maxWaitTimeInMs: maxWaitTime,
      partitionAssigners: [fencingAssigner(() => this.#assignment.fence())],
      allowAutoTopicCreation: false,
      retry: { restartOnFailure: async () => false },
    });
    this.#consumer = consumer;
    this.#listen(consumer);
    await consumer.connect();
    // From the beginning: an offset that is gone must not skip what is there (tulios/kafkajs#1119).
    await consumer.subscribe({ topics: topics.map(({ topic }) => topic), fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      eachBatch: (payload) => this.#takeBatch(payload),
    });
  }

  #listen(consumer: Consumer): void {
    const { clock } = this.#options;
    consumer.on(consumer.events.FETCH_START, ({ payload }) =>
      this.#assignment.fetchStarted(String(payload.nodeId), clock.now()),
    );
    // The old generation is still valid here, until the member asks to join again.
    consumer.on(consumer.events.REBALANCING, async () => {
      this.#assignment.fetchesEnded();
      await this.#commit();
    });
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      this.#crashes = 0;
      this.#isMember = true;
      this.#assignment.assign(payload.memberAssignment);
      // kafkajs keeps pauses across rebalances; these partitions are new ones.
      for (const partition of this.#assignment.partitions) this.#resumeFetching(partition);
      this.#applyPauses();
    });
    consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
      // A batch without records (markers of transactions) is not handed over; its offsets are read all the same.
      if (payload.batchSize > 0) return;
      const partition = this.#assignment.find(payload.topic, payload.partition);
      if (partition && !this.#isSettling())
        this.#advance(partition, Number(payload.lastOffset) + 1);
    });
    consumer.on(consumer.events.CRASH, (event) => this.#restart(consumer, event));
  }

  async #takeBatch(payload: EachBatchPayload): Promise<void> {
    try {
      await this.#take(payload);
    } catch (thrown) {
      // Thrown out of here a programming error would end kafkajs's consumer without a word.
      this.#options.onFailure(toError(thrown));
    }
  }

  /** A batch that is not taken, or not whole, is not resolved: kafkajs fetches the rest again. */
  async #take(payload: EachBatchPayload): Promise<void> {
    const { batch } = payload;
    const partition = this.#partitionOf(payload);
    if (!partition) return;
    this.#committer.use(payload.commitOffsetsIfNecessary);
    const records = batch.messages.map((message) => new SourceRecord(partition, message));
    const admitted = await this.#admit(partition, records);
    if (admitted === 0 || partition.isRevoked) return this.#applyPauses();

    const taken = admitted === records.length ? records : records.slice(0, admitted);
    const last = taken.at(-1) as SourceRecord;
    for (const record of taken) {
      partition.watermark.read(record.offset);
      partition.latestTimestamp = Math.max(partition.latestTimestamp, record.timestamp);
    }
    partition.highWatermark = Number(batch.highWatermark);
    payload.resolveOffset(String(last.offset));
    this.#options.onRecords(taken);
    const isWhole = taken.length === records.length;
    this.#advance(partition, isWhole ? Number(batch.lastOffset()) + 1 : last.offset + 1);
  }

  /** The partition that a batch belongs to, unless it was fetched for an earlier generation. */
  #partitionOf({ batch }: EachBatchPayload): AssignedPartition | undefined {
    const partition = this.#assignment.find(batch.topic, batch.partition);
    if (!partition || this.#isSettling()) return undefined;
    const fetchedOffset = Number((batch as { fetchedOffset?: string }).fetchedOffset);
    if (partition.position === undefined || partition.position === fetchedOffset) {
      partition.position = fetchedOffset;
      return partition;
    }
    this.#options.log('error', 'the log of a partition was cut off or recreated; reading on', {
      topic: batch.topic,
      partition: batch.partition,
      expectedOffset: partition.position,
      offset: fetchedOffset,
    });
    const fresh = this.#assignment.replace(batch.topic, batch.partition);
    fresh.position = fetchedOffset;
    return fresh;
  }

  async #admit(partition: AssignedPartition, records: readonly SourceRecord[]): Promise<number> {
    try {
      return await this.#gate.admit(partition, records, this.#assignment.partitions);
    } catch (thrown) {
      // Not resolved, so the same records come again with the next fetch.
      this.#options.log('warn', "the broker doesn't tell its offsets; trying again", {
        error: toError(thrown).message,
      });
      return 0;
    }
  }

  #advance(partition: AssignedPartition, position: number): void {
    partition.position = position;
    partition.watermark.advance(position);
    this.#applyPauses();
  }

  #applyPauses(): void {
    const partitions = this.partitions;
    this.#gate.release(partitions);
    for (const partition of partitions) {
      const isPaused =
        this.#isHeld || this.#gate.isBlocked(partition) || partition.watermark.ahead > longestAhead;
      if (isPaused === partition.isPaused) continue;
      if (isPaused) this.#pauseFetching(partition);
      else this.#resumeFetching(partition);
    }
  }

  #pauseFetching(partition: AssignedPartition): void {
    this.#consumer?.pause([{ topic: partition.topic, partitions: [partition.partition] }]);
    partition.isPaused = true;
  }

  #resumeFetching(partition: AssignedPartition): void {
    this.#consumer?.resume([{ topic: partition.topic, partitions: [partition.partition] }]);
    partition.isPaused = false;
  }

  #isSettling(): boolean {
    return this.#assignment.isSettling(this.#options.clock.now());
  }

  #tick(): void {
    this.#applyPauses();
    void this.#commit();
  }

  async #commit(): Promise<void> {
    try {
      await this.#committer.commit(this.#assignment.partitions);
    } catch (thrown) {
      // The next tick computes it again: a watermark never goes back.
      this.#options.log('warn', 'the offsets could not be committed; trying again', {
        error: toError(thrown).message,
      });
    }
  }

  #restart(consumer: Consumer, { payload }: ConsumerCrashEvent): void {
    if (this.#isStopping || consumer !== this.#consumer) return;
    this.#isMember = false;
    this.#assignment.fence();
    this.#assignment.fetchesEnded();
    const delay = Math.min(1_000 * 2 ** this.#crashes, longestRestartDelay);
    this.#crashes += 1;
    this.#options.log('error', 'the Kafka consumer ended; starting another', {
      error: payload.error.message,
      delay,
    });
    this.#cancelRestart = this.#options.clock.schedule(delay, () => {
      this.#run().catch((thrown) => {
        const error = toError(thrown);
        this.#restart(consumer, { payload: { error } } as ConsumerCrashEvent);
      });
    });
  }
}
