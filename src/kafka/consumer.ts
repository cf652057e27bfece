import type { EachBatchPayload, Kafka } from 'kafkajs';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/schema.ts';
import { withDeadline } from '../deadline.ts';
import { toError } from '../errors.ts';
import { BatchReader, type BatchReaderOptions } from './batchReader.ts';
import { kafkaUnavailable } from './client.ts';
import { Committer } from './committer.ts';
import { GroupMember, longestRebalance, type MemberListener } from './member.ts';
import type { AssignedPartition } from './partition.ts';
import type { TopicStages } from './stageGate.ts';

const commitInterval = 1_000;
const longestRestartDelay = 30_000;
const leaveDeadline = 5_000;

/** What the consumer needs. */
export interface RecordConsumerOptions extends Omit<BatchReaderOptions, 'fetching' | 'topics'> {
  /** The topics to read, asked for whenever it joins the group. */
  readonly topics: () => Promise<readonly TopicStages[]>;
  readonly kafka: Kafka;
  readonly settings: Config['kafka'];
  readonly clock: Clock;
  /** A fault of our own: the process should end, since records would stand still. */
  readonly onFailure: (error: Error) => void;
}

/**
 * Reads records and commits what is settled. Built on kafkajs as far as it can be trusted: a batch is handed
 * over at once, so that no slow postback holds up a broker or the membership; offsets are committed by a
 * timer; a member that has crashed, or that the group has forgotten, is replaced.
 */
export class RecordConsumer {
  readonly #options: RecordConsumerOptions;
  readonly #reader: BatchReader;
  readonly #committer = new Committer();
  #member: GroupMember | undefined;
  #commitTimer: NodeJS.Timeout | undefined;
  /** Since when the group has taken no offset. */
  #refusedSince: number | undefined;
  #cancelRestart: (() => void) | undefined;
  #crashes = 0;
  /** Tells a start that is under way that it has been overtaken. */
  #starts = 0;
  #topics: readonly string[] = [];
  #isMember = false;
  #isStopping = false;

  constructor(options: RecordConsumerOptions) {
    this.#options = options;
    this.#reader = new BatchReader({
      ...options,
      topics: [],
      fetching: {
        pause: (partition) => this.#member?.pause(partition),
        resume: (partition) => this.#member?.resume(partition),
      },
    });
  }

  /** The topics that it has joined its group for. */
  get topics(): readonly string[] {
    return this.#topics;
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
      if (this.#member?.isForgotten || this.#isRefused) {
        this.#replace(new Error('the group does not know this member any more'));
      }
      this.#reader.lookAgain();
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

  /** Joins the group again, with the topics that there are now. */
  async rejoin(): Promise<void> {
    await this.#commit();
    if (this.#isStopping || this.#member === undefined) return;
    this.#end();
    this.#startAfter(0);
  }

  /** Commits what is settled, and leaves the group. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    clearInterval(this.#commitTimer);
    this.#cancelRestart?.();
    await this.#commit();
    this.#reader.assignment.fence();
    await this.#leave();
  }

  async #run(): Promise<void> {
    const start = this.#starts;
    const stages = await this.#options.topics();
    if (start !== this.#starts || this.#isStopping) return;
    this.#reader.follow(stages);
    const topics = stages.map(({ topic }) => topic);
    this.#topics = topics;
    this.#member = new GroupMember({ ...this.#options, topics, listener: this.#listener() });
    await this.#member.run();
  }

  #listener(): MemberListener {
    const { assignment } = this.#reader;
    return {
      fetchStarted: (broker) => assignment.fetchStarted(broker, this.#options.clock.now()),
      rebalancing: () => {
        assignment.fetchesEnded();
        void this.#commit();
      },
      revoked: () => assignment.fence(),
      joined: (partitions) => {
        this.#crashes = 0;
        this.#isMember = true;
        this.#reader.assign(partitions);
      },
      fetched: (payload) => this.#take(payload),
      skipped: (topic, partition, lastOffset) => {
        if (this.#reader.skip(topic, partition, lastOffset)) return;
        this.#replace(new Error(`it may have moved past records of ${topic}/${partition}`));
      },
      crashed: (error) => this.#replace(error),
    };
  }

  async #take(payload: EachBatchPayload): Promise<void> {
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
      this.#refusedSince = undefined;
    } catch (thrown) {
      this.#refusedSince ??= this.#options.clock.now();
      // The next time it is computed again: a watermark never goes back.
      this.#options.log('warn', 'the offsets could not be committed; trying again', {
        error: toError(thrown).message,
      });
    }
  }

  /**
   * Whether no offset was taken for longer than any rebalance takes. When kafkajs joins twice at once, and fails
   * in the second, it goes on with the partitions of one generation and the heartbeat of the next.
   */
  get #isRefused(): boolean {
    const { clock, settings } = this.#options;
    if (this.#refusedSince === undefined) return false;
    return clock.now() - this.#refusedSince > longestRebalance(settings);
  }

  /** Ends with a member that is of no use any more, and starts another. */
  #replace(error: Error): void {
    if (this.#isStopping) return;
    this.#end();
    const delay = Math.min(1_000 * 2 ** this.#crashes, longestRestartDelay);
    this.#crashes += 1;
    this.#options.log('error', 'the Kafka consumer ended; starting another', {
      error: error.message,
      delay,
    });
    this.#startAfter(delay);
  }

  #end(): void {
    this.#starts += 1;
    this.#cancelRestart?.();
    this.#isMember = false;
    this.#refusedSince = undefined;
    this.#member?.abandon();
    void this.#leave();
    this.#reader.assignment.fence();
    this.#reader.assignment.fetchesEnded();
  }

  #startAfter(delay: number): void {
    this.#cancelRestart = this.#options.clock.schedule(delay, () => {
      this.#run().catch((thrown) => this.#replace(toError(thrown)));
    });
  }

  /** kafkajs can wait without end for a broker that is gone; then the group gives the member up by itself. */
  async #leave(): Promise<void> {
    const left = this.#member?.leave();
    this.#member = undefined;
    try {
      await withDeadline(left ?? Promise.resolve(), leaveDeadline);
    } catch (thrown) {
      this.#options.log('warn', 'left without a word to the group', {
        error: toError(thrown).message,
      });
    }
  }
}
