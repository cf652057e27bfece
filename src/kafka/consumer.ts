import type { EachBatchPayload, Kafka } from 'kafkajs';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/schema.ts';
import { withDeadline } from '../deadline.ts';
import { toError } from '../errors.ts';
import type { KafkaAdmin } from './admin.ts';
import { BatchReader, type BatchReaderOptions } from './batchReader.ts';
import { kafkaUnavailable } from './client.ts';
import { Commits } from './commits.ts';
import { GroupMember, longestRebalance, type MemberListener } from './member.ts';
import type { AssignedPartition } from './partition.ts';
import type { TopicStages } from './stageOrder.ts';
import { Subscription } from './subscription.ts';

const commitInterval = 1_000;
const longestRestartDelay = 30_000;
const leaveDeadline = 5_000;

/** What the consumer needs. */
export interface RecordConsumerOptions extends Omit<BatchReaderOptions, 'fetching' | 'topics'> {
  /** What to read, of all the topics that the cluster has. */
  readonly topics: (clusterTopics: readonly string[]) => readonly TopicStages[];
  readonly kafka: Kafka;
  readonly offsets: BatchReaderOptions['offsets'] & Pick<KafkaAdmin, 'topics'>;
  readonly settings: Config['kafka'];
  readonly clock: Clock;
  /** The group has given partitions anew; `partitions` are ours. */
  readonly onAssigned: () => void;
  /** A fault of our own: the process should end, since records would stand still. */
  readonly onFailure: (error: Error) => void;
}

/**
 * Reads records and commits what is settled. Built on kafkajs as far as it can be trusted: a batch is given back
 * within seconds, so that no slow postback holds up a broker or the membership; offsets are committed by a
 * timer; a member that has crashed, or that the group has forgotten, is replaced.
 */
export class RecordConsumer {
  readonly #options: RecordConsumerOptions;
  readonly #reader: BatchReader;
  readonly #commits: Commits;
  readonly #subscription: Subscription;
  #member: GroupMember | undefined;
  #commitTimer: NodeJS.Timeout | undefined;
  #cancelRestart: (() => void) | undefined;
  #crashes = 0;
  /** Tells a start that is under way that it has been overtaken. */
  #starts = 0;
  #isMember = false;
  #isStopping = false;

  constructor(options: RecordConsumerOptions) {
    this.#options = options;
    this.#subscription = new Subscription({ ...options, admin: options.offsets });
    this.#reader = new BatchReader({
      ...options,
      topics: [],
      fetching: {
        pause: (partition) => this.#member?.pause(partition),
        resume: (partition) => this.#member?.resume(partition),
        restart: (partition) => this.#member?.restart(partition),
      },
    });
    this.#commits = new Commits({ ...options, reader: this.#reader });
  }

  /** Whether it is in its group now, be it without a partition. */
  get isMember(): boolean {
    return this.#isMember && this.#member?.isSilent === false;
  }

  /** Topics of the configuration that are gone. */
  get missingTopics(): readonly string[] {
    return this.#subscription.missing;
  }

  /** Whether no other member can have its partitions by now, so that it may act for them. */
  get isWithinSession(): boolean {
    return this.#member?.isWithinSession ?? false;
  }

  /** Whether all that Kafka holds for this member was read, as far as the last fetches tell. */
  get hasCaughtUp(): boolean {
    return this.isMember && this.partitions.every((partition) => partition.hasCaughtUp);
  }

  /** Whether the partition is read now, in whatever generation. */
  owns({ topic, partition }: Pick<AssignedPartition, 'topic' | 'partition'>): boolean {
    return this.#reader.assignment.find(topic, partition) !== undefined;
  }

  /** The partitions that are read now. */
  get partitions(): readonly AssignedPartition[] {
    return [...this.#reader.assignment.partitions];
  }

  /**
   * Starts reading. Throws as connectAdmin when no broker can be reached, and leaves nothing behind: it may be
   * called again. Once it is told to stop it starts nothing any more.
   */
  async start(): Promise<void> {
    try {
      await this.#run();
    } catch (thrown) {
      this.#member?.abandon();
      await this.#leave();
      throw kafkaUnavailable(this.#options.settings, thrown);
    }
    if (this.#isStopping) return;
    this.#commitTimer = setInterval(() => {
      const uselessness = this.#uselessness;
      if (uselessness !== undefined) this.#replace(new Error(uselessness));
      if (this.isMember) this.#reader.lookAgain();
      void this.#commits.next();
      void this.#lookForTopics();
    }, commitInterval);
  }

  /** Hands on no more than there is room for, while the member stays in its group: the way to say "slower". */
  pause(): void {
    this.#reader.hold();
  }

  /** Goes on. */
  resume(): void {
    this.#reader.resume();
  }

  /** Commits what is settled, and leaves the group. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    clearInterval(this.#commitTimer);
    this.#cancelRestart?.();
    await this.#commits.checked();
    this.#reader.assignment.fence();
    await this.#leave();
  }

  async #run(): Promise<void> {
    const start = this.#starts;
    const stages = await this.#subscription.findPresent();
    if (start !== this.#starts || this.#isStopping) return;
    this.#reader.follow(stages);
    const topics = stages.map(({ topic }) => topic);
    this.#member = new GroupMember({ ...this.#options, topics, listener: this.#listener() });
    await this.#member.run();
  }

  #listener(): MemberListener {
    const { assignment } = this.#reader;
    return {
      fetchStarted: (broker) => assignment.fetchStarted(broker, this.#options.clock.now()),
      rebalancing: () => {
        assignment.fetchesEnded();
        void this.#commits.atOnce();
      },
      revoked: () => assignment.fence(),
      joined: (partitions) => {
        this.#crashes = 0;
        this.#isMember = true;
        this.#reader.assign(partitions);
        this.#options.onAssigned();
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
    this.#commits.use(payload);
    try {
      await this.#reader.take(payload);
    } catch (thrown) {
      // Thrown out of here a programming error would end kafkajs's consumer without a word.
      this.#options.onFailure(toError(thrown));
    }
  }

  async #lookForTopics(): Promise<void> {
    try {
      const topic = await this.#subscription.findNew();
      if (topic !== undefined) await this.#rejoin(topic);
    } catch {
      // Then the next look shows it; that no broker answers is told by whoever needs one.
    }
  }

  /** Joins the group again, for the topics that there are now. */
  async #rejoin(topic: string): Promise<void> {
    await this.#commits.checked();
    if (this.#isStopping || this.#member === undefined) return;
    this.#options.log('info', 'a topic has come; joining the group again', { topic });
    this.#end();
    this.#startAfter(0);
  }

  /** Why the member is of no use any more; undefined while it may be. */
  get #uselessness(): string | undefined {
    if (this.#member?.isForgotten) return 'the group does not know this member any more';
    if (this.#member?.isStalled) return 'it reads nothing any more';
    // When kafkajs joins twice at once, and fails in the second, it goes on with the partitions of one generation
    // and the heartbeat of the next.
    return this.#commits.areRefusedFor(longestRebalance(this.#options.settings))
      ? 'the group takes no offset of this member any more'
      : undefined;
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
    this.#commits.forget();
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
