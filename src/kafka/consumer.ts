import type { EachBatchPayload, Kafka } from 'kafkajs';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/schema.ts';
import { toError } from '../errors.ts';
import type { KafkaAdmin } from './admin.ts';
import { BatchReader, type BatchReaderOptions } from './batchReader.ts';
import { Commits } from './commits.ts';
import { longestRebalance } from './member.ts';
import { Membership, type MembershipListener } from './membership.ts';
import type { AssignedPartition } from './partition.ts';
import type { TopicStages } from './stageOrder.ts';
import { Subscription } from './subscription.ts';

const commitInterval = 1_000;

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
  readonly #membership: Membership;
  #commitTimer: NodeJS.Timeout | undefined;

  constructor(options: RecordConsumerOptions) {
    this.#options = options;
    this.#subscription = new Subscription({ ...options, admin: options.offsets });
    this.#membership = new Membership({
      ...options,
      findTopics: () => this.#subscription.findPresent(),
      listener: this.#listener(),
    });
    const { fetching } = this.#membership;
    this.#reader = new BatchReader({ ...options, topics: [], fetching });
    this.#commits = new Commits({ ...options, reader: this.#reader });
  }

  /** Whether it is in its group now, be it without a partition. */
  get isMember(): boolean {
    return this.#membership.isMember;
  }

  /** Topics of the configuration that are gone. */
  get missingTopics(): readonly string[] {
    return this.#subscription.missing;
  }

  /** Whether no other member can have its partitions by now, so that it may act for them. */
  get isWithinSession(): boolean {
    return this.#membership.isWithinSession;
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
    await this.#membership.start();
    if (this.#membership.isEnding) return;
    this.#commitTimer = setInterval(() => {
      const uselessness = this.#uselessness;
      if (uselessness !== undefined) this.#membership.replace(new Error(uselessness));
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
    this.#membership.end();
    clearInterval(this.#commitTimer);
    await this.#commits.checked();
    this.#reader.assignment.fence();
    await this.#membership.leave();
  }

  #listener(): MembershipListener {
    return {
      started: (topics) => this.#reader.follow(topics),
      fetchStarted: (broker) =>
        this.#reader.assignment.fetchStarted(broker, this.#options.clock.now()),
      rebalancing: () => {
        this.#reader.assignment.fetchesEnded();
        void this.#commits.atOnce();
      },
      revoked: () => this.#reader.assignment.fence(),
      joined: (partitions) => {
        this.#reader.assign(partitions);
        this.#options.onAssigned();
      },
      fetched: (payload) => this.#take(payload),
      skipped: (topic, partition, lastOffset) => {
        if (this.#reader.skip(topic, partition, lastOffset)) return;
        const error = new Error(`it may have moved past records of ${topic}/${partition}`);
        this.#membership.replace(error);
      },
      ended: () => {
        this.#commits.forget();
        this.#reader.assignment.fence();
        this.#reader.assignment.fetchesEnded();
      },
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
      if (topic === undefined) return;
      await this.#commits.checked();
      this.#membership.joinAgain(topic);
    } catch {
      // Then the next look shows it; that no broker answers is told by whoever needs one.
    }
  }

  /** Why the member is of no use any more; undefined while it may be. */
  get #uselessness(): string | undefined {
    const { uselessness } = this.#membership;
    if (uselessness !== undefined) return uselessness;
    // When kafkajs joins twice at once, and fails in the second, it goes on with the partitions of one generation
    // and the heartbeat of the next.
    return this.#commits.areRefusedFor(longestRebalance(this.#options.settings))
      ? 'the group takes no offset of this member any more'
      : undefined;
  }
}
