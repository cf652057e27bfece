import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/schema.ts';
import { fencingAssigner } from './assignment.ts';
import type { AssignedPartition } from './partition.ts';

/** A resumed partition, and a stop, wait for this long at most. */
const maxWaitTime = 250;
/**
 * Compressed bytes of a partition that a fetch brings at most: kafkajs decodes all of a fetch at once, and it stays in
 * memory until the last batch is taken. Smaller ones save little more, and batches of producers that are larger come
 * one by one, from one partition after the other.
 */
const largestFetch = 256 * 1024;
/** A member may wait for this long until the others have joined too; kafkajs's own default. */
const rebalanceTimeout = 60_000;
/** kafkajs gives a fetch up after 30 s, and fetches again; with everything paused it pretends to fetch. */
const longestFetchInterval = 45_000;
/** Kafka's sign for the first record that there is. */
const firstOffset = '-2';

/** Milliseconds that a rebalance takes at most: until the others have joined, or are given up. */
export function longestRebalance({ sessionTimeout }: Config['kafka']): number {
  return rebalanceTimeout + sessionTimeout;
}

/** The requests with which a member's session begins anew. */
const sessionRequests: ReadonlySet<string> = new Set(['SyncGroup', 'Heartbeat']);

/** Hears what a member meets. */
export interface MemberListener {
  /** A broker is asked for records. */
  fetchStarted(broker: string): void;
  /** The group rebalances; until the member asks to join again, its generation is still valid. */
  rebalancing(): void;
  /** It asks to join again, or has left: what it owned may be another's from now on. */
  revoked(): void;
  /** It has joined, and owns these partitions. */
  joined(partitionsByTopic: Readonly<Record<string, readonly number[]>>): void;
  /** Records came. Must not throw. */
  fetched(payload: EachBatchPayload): Promise<void>;
  /** Nothing came but markers of transactions, which end here. */
  skipped(topic: string, partition: number, lastOffset: string): void;
  /** It reads nothing more. */
  crashed(error: Error): void;
}

/** What a member needs. */
export interface MemberOptions {
  readonly kafka: Kafka;
  readonly settings: Config['kafka'];
  readonly topics: readonly string[];
  readonly clock: Clock;
  readonly listener: MemberListener;
}

/** One consumer of kafkajs, for as long as it is of use. */
export class GroupMember {
  readonly #options: MemberOptions;
  readonly #consumer: Consumer;
  #listener: MemberListener | undefined;
  #isJoining = false;
  /** When the group last heard of the member, as far as it has answered. */
  #seenAt: number | undefined;
  /** When the last request was sent by which the group hears of its members. */
  #requestedAt = Number.NEGATIVE_INFINITY;
  /** When it last began to fetch, or joined. */
  #fetchedAt: number | undefined;
  /** When its heart last beat and when it last began to fetch, by the wall clock, which may be set. */
  #wallClock = { heartBeat: Number.NEGATIVE_INFINITY, fetch: Number.NEGATIVE_INFINITY };

  constructor(options: MemberOptions) {
    const { kafka, settings } = options;
    this.#options = options;
    this.#listener = options.listener;
    this.#consumer = kafka.consumer({
      groupId: settings.group,
      sessionTimeout: settings.sessionTimeout,
      rebalanceTimeout,
      heartbeatInterval: Math.min(3_000, Math.floor(settings.sessionTimeout / 3)),
      maxWaitTimeInMs: maxWaitTime,
      maxBytesPerPartition: largestFetch,
      partitionAssigners: [fencingAssigner(() => this.#startJoining())],
      allowAutoTopicCreation: false,
      retry: { restartOnFailure: async () => false },
    });
    this.#listen();
  }

  /** Joins the group and reads. Rejects when no broker can be reached. */
  async run(): Promise<void> {
    const { topics } = this.#options;
    await this.#consumer.connect();
    // From the beginning: an offset that is gone must not skip what is there (tulios/kafkajs#1119).
    await this.#consumer.subscribe({ topics: [...topics], fromBeginning: true });
    await this.#consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      eachBatch: async (payload) => this.#listener?.fetched(payload),
    });
  }

  /**
   * Whether the group can't have given it up: it has heard of the member within its session. A process that stood
   * still, or that the network cut off, finds out here before the group tells it.
   */
  get isWithinSession(): boolean {
    const { clock, settings } = this.#options;
    return this.#seenAt !== undefined && clock.now() - this.#seenAt < settings.sessionTimeout;
  }

  /**
   * Whether it goes on without being in its group, for longer than any rebalance takes. kafkajs does, for ever,
   * when a broker fails it while it joins again: without a member id, it reads on and beats no heart; before
   * it knows its partitions, it beats its heart and reads those of before. Nor does it beat its heart while the wall
   * clock, once set back, has not come to its last beat again: the group has then given it up after a session, or
   * waits for it, as its commits go on, as long as for any rebalance.
   */
  get isForgotten(): boolean {
    const { heartBeat, fetch } = this.#wallClock;
    if (fetch < heartBeat && !this.isWithinSession) return true;
    return this.#isLongerAgo(this.#seenAt, longestRebalance(this.#options.settings));
  }

  /**
   * Whether it has fetched nothing, not even in vain, for longer than any rebalance takes: a promise of kafkajs
   * that never settles ends its reading without a word (tulios/kafkajs#659, #1441).
   */
  get isStalled(): boolean {
    return this.#isLongerAgo(this.#fetchedAt, longestRebalance(this.#options.settings));
  }

  /** Whether its heart has not beaten for so long that the group gives it up, or it reads nothing. */
  get isSilent(): boolean {
    return !this.isWithinSession || this.#isLongerAgo(this.#fetchedAt, longestFetchInterval);
  }

  pause({ topic, partition }: AssignedPartition): void {
    this.#consumer.pause([{ topic, partitions: [partition] }]);
  }

  resume({ topic, partition }: AssignedPartition): void {
    this.#consumer.resume([{ topic, partitions: [partition] }]);
  }

  /** Reads it from its first record on, and hands over nothing that was fetched before. */
  restart({ topic, partition }: AssignedPartition): void {
    this.#consumer.seek({ topic, partition, offset: firstOffset });
  }

  /** Leaves the group. */
  async leave(): Promise<void> {
    await this.#consumer.disconnect();
  }

  /** Whatever it still does is nobody's. */
  abandon(): void {
    this.#listener = undefined;
  }

  #listen(): void {
    const consumer = this.#consumer;
    const { events } = consumer;
    consumer.on(events.REQUEST, ({ payload: { apiName, duration } }) => {
      if (!sessionRequests.has(apiName)) return;
      // Below 0 where the wall clock was set back meanwhile.
      this.#requestedAt = this.#options.clock.now() - Math.max(duration, 0);
    });
    consumer.on(events.FETCH_START, ({ payload, timestamp }) => {
      this.#wallClock.fetch = timestamp;
      this.#fetchedAt = this.#options.clock.now();
      this.#listener?.fetchStarted(String(payload.nodeId));
    });
    consumer.on(events.REBALANCING, () => this.#listener?.rebalancing());
    consumer.on(events.GROUP_JOIN, ({ payload }) => {
      this.#isJoining = false;
      this.#fetchedAt = this.#options.clock.now();
      this.#noteMembership();
      this.#listener?.joined(payload.memberAssignment);
    });
    consumer.on(events.HEARTBEAT, ({ timestamp }) => {
      this.#wallClock.heartBeat = timestamp;
      this.#noteMembership();
    });
    consumer.on(events.END_BATCH_PROCESS, ({ payload }) => {
      const { batchSize, topic, partition, lastOffset } = payload;
      if (batchSize === 0) this.#listener?.skipped(topic, partition, lastOffset);
    });
    // It has left, whether it was told to or is about to crash; from now on it takes no pause any more.
    consumer.on(events.STOP, () => this.#listener?.revoked());
    consumer.on(events.CRASH, ({ payload }) => this.#listener?.crashed(payload.error));
  }

  #isLongerAgo(time: number | undefined, milliseconds: number): boolean {
    return time !== undefined && this.#options.clock.now() - time > milliseconds;
  }

  #startJoining(): void {
    this.#isJoining = true;
    this.#listener?.revoked();
  }

  #noteMembership(): void {
    if (!this.#isJoining) this.#seenAt = this.#requestedAt;
  }
}
