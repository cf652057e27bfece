import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/schema.ts';
import { withDeadline } from '../deadline.ts';
import { toError } from '../errors.ts';
import { fencingAssigner } from './assignment.ts';
import { BatchReader, type BatchReaderOptions } from './batchReader.ts';
import { kafkaUnavailable } from './client.ts';
import { Committer } from './committer.ts';
import type { AssignedPartition } from './partition.ts';

const commitInterval = 1_000;
const longestRestartDelay = 30_000;
const stopDeadline = 5_000;
/** A resumed partition, and a stop, wait for this long at most. */
const maxWaitTime = 250;

/** What the consumer needs. */
export interface RecordConsumerOptions extends Omit<BatchReaderOptions, 'fetching'> {
  readonly kafka: Kafka;
  readonly settings: Config['kafka'];
  readonly clock: Clock;
  /** A fault of our own: the process should end, since records would stand still. */
  readonly onFailure: (error: Error) => void;
}

/**
 * Reads records and commits what is settled. Built on kafkajs as far as it can be trusted: a batch is handed
 * over at once, so that no slow postback holds up a broker or the membership; offsets are committed by a
 * timer; when kafkajs crashes, a new consumer is started.
 */
export class RecordConsumer {
  readonly #options: RecordConsumerOptions;
  readonly #reader: BatchReader;
  readonly #committer = new Committer();
  #consumer: Consumer | undefined;
  #commitTimer: NodeJS.Timeout | undefined;
  #cancelRestart: (() => void) | undefined;
  #crashes = 0;
  #isMember = false;
  #isStopping = false;

  constructor(options: RecordConsumerOptions) {
    this.#options = options;
    const toKafka = ({ topic, partition }: AssignedPartition) => [
      { topic, partitions: [partition] },
    ];
    this.#reader = new BatchReader({
      ...options,
      fetching: {
        pause: (partition) => this.#consumer?.pause(toKafka(partition)),
        resume: (partition) => this.#consumer?.resume(toKafka(partition)),
      },
    });
  }

  /** Whether it is in its group now, be it without a partition. */
  get isMember(): boolean {
    return this.#isMember;
  }

  /** Whether all that Kafka holds for this member was read, as far as the last fetches tell. */
  get hasCaughtUp(): boolean {
    return this.#isMember && this.partitions.every((partition) => partition.hasCaughtUp);
  }

  /** The partitions that are read now. */
  get partitions(): readonly AssignedPartition[] {
    return [...this.#reader.assignment.partitions];
  }

  /** Starts reading. Throws UnavailableError when no broker can be reached. */
  async start(): Promise<void> {
    try {
      await this.#run();
    } catch (thrown) {
      throw kafkaUnavailable(this.#options.settings, thrown);
    }
    this.#commitTimer = setInterval(() => {
      this.#reader.applyPauses();
      if (!this.#committer.isCommitting) void this.#commit();
    }, commitInterval);
  }

  /** Stops fetching, while the member stays in its group: the way to say "slower". */
  pause(): void {
    this.#reader.hold();
  }

  /** Fetches again. */
  resume(): void {
    this.#reader.resume();
  }

  /** Commits what is settled, and leaves the group. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    clearInterval(this.#commitTimer);
    this.#cancelRestart?.();
    await this.#commit();
    this.#reader.assignment.fence();
    // kafkajs can wait without end for a broker that is gone; then the group gives the member up by itself.
    const left = withDeadline(this.#consumer?.disconnect() ?? Promise.resolve(), stopDeadline);
    await left.catch((thrown) => {
      this.#options.log('warn', 'left without a word to the group', {
        error: toError(thrown).message,
      });
    });
  }

  async #run(): Promise<void> {
    const { kafka, settings, topics } = this.#options;
    const consumer = kafka.consumer({
      groupId: settings.group,
      sessionTimeout: settings.sessionTimeout,
      heartbeatInterval: Math.min(3_000, Math.floor(settings.sessionTimeout / 3)),
      maxWaitTimeInMs: maxWaitTime,
      partitionAssigners: [fencingAssigner(() => this.#reader.assignment.fence())],
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
    const { assignment } = this.#reader;
    consumer.on(consumer.events.FETCH_START, ({ payload }) =>
      assignment.fetchStarted(String(payload.nodeId), this.#options.clock.now()),
    );
    // The old generation is still valid here, until the member asks to join again.
    consumer.on(consumer.events.REBALANCING, async () => {
      assignment.fetchesEnded();
      await this.#commit();
    });
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      this.#crashes = 0;
      this.#isMember = true;
      this.#reader.assign(payload.memberAssignment);
    });
    consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
      const { batchSize, topic, partition, lastOffset } = payload;
      if (batchSize === 0) this.#reader.skip(topic, partition, lastOffset);
    });
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      if (consumer === this.#consumer) this.#restart(payload.error);
    });
  }

  async #takeBatch(payload: EachBatchPayload): Promise<void> {
    this.#committer.use(payload.commitOffsetsIfNecessary);
    try {
      await this.#reader.take(payload);
    } catch (thrown) {
      // Thrown out of here a programming error would end kafkajs's consumer without a word.
      this.#options.onFailure(toError(thrown));
    }
  }

  async #commit(): Promise<void> {
    try {
      await this.#committer.commit(this.#reader.assignment.partitions);
    } catch (thrown) {
      // The next time it is computed again: a watermark never goes back.
      this.#options.log('warn', 'the offsets could not be committed; trying again', {
        error: toError(thrown).message,
      });
    }
  }

  #restart(error: Error): void {
    if (this.#isStopping) return;
    this.#isMember = false;
    this.#reader.assignment.fence();
    this.#reader.assignment.fetchesEnded();
    const delay = Math.min(1_000 * 2 ** this.#crashes, longestRestartDelay);
    this.#crashes += 1;
    this.#options.log('error', 'the Kafka consumer ended; starting another', {
      error: error.message,
      delay,
    });
    this.#cancelRestart = this.#options.clock.schedule(delay, () => {
      this.#run().catch((thrown) => this.#restart(toError(thrown)));
    });
  }
}
