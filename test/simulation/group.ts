import type { Answer } from './connection.ts';
import { type KafkaErrorType, kafkaError } from './kafkaErrors.ts';
import type { Owner, Scheduler } from './scheduler.ts';

/** Partitions by topic, as an assignment names them. */
export type Partitions = Readonly<Record<string, readonly number[]>>;

/** What a member learns by joining. */
export interface Joined {
  readonly memberId: string;
  readonly generationId: number;
}

/** An offset that a member asks to commit. */
export interface OffsetCommit {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly metadata?: string | null | undefined;
}

/** Hears what the group does. */
export interface GroupWatcher {
  /** The broker takes an offset; `isOwner` tells whether the member has the partition. */
  committed(commit: OffsetCommit, isOwner: boolean): void;
  rebalanced(generation: number, partitionsByMember: ReadonlyMap<string, Partitions>): void;
}

interface Member {
  /** Undefined for somebody else's member, a stranger: it takes partitions and does nothing with them. */
  readonly owner: Owner | undefined;
  join: Answer<Joined> | undefined;
  sync: Answer<Partitions> | undefined;
  partitions: Partitions;
  lastSeen: number;
}

/** Milliseconds of silence after which a member is given up. */
export const sessionTimeout = 3_000;

/**
 * A consumer group and its coordinator: as Kafka's, it stops the world for each rebalance, knows generations,
 * and takes an offset from any member of the current one, also for a partition that another has.
 */
export class Group {
  readonly committed = new Map<string, number>();
  /** What was committed beside the offsets. */
  readonly metadata = new Map<string, string | null>();
  readonly #scheduler: Scheduler;
  readonly #topics: Partitions;
  readonly #watcher: GroupWatcher;
  readonly #members = new Map<string, Member>();
  #state: 'stable' | 'joining' | 'syncing' = 'stable';
  #generation = 0;
  #memberCount = 0;

  constructor(scheduler: Scheduler, topics: Partitions, watcher: GroupWatcher) {
    this.#scheduler = scheduler;
    this.#topics = topics;
    this.#watcher = watcher;
    this.#giveUpSilent();
  }

  /** A member asks to join, again with its id; answered once all members have done so. */
  join(memberId: string, owner: Owner, answer: Answer<Joined>): void {
    const id = memberId === '' ? this.#add(owner) : memberId;
    const member = this.#members.get(id);
    if (!member) {
      answer(kafkaError('UNKNOWN_MEMBER_ID'));
      return;
    }
    member.join = answer;
    this.#rebalance();
    this.#completeJoin();
  }

  /** Answers with the partitions of the generation, once they are settled. */
  sync(memberId: string, generation: number, answer: Answer<Partitions>): void {
    const problem = this.#problemOf(memberId, generation);
    const member = this.#members.get(memberId) as Member;
    if (problem) answer(kafkaError(problem));
    else if (this.#state === 'joining') answer(kafkaError('REBALANCE_IN_PROGRESS'));
    else if (this.#state === 'stable') answer(member.partitions);
    else member.sync = answer;
  }

  heartbeat(memberId: string, generation: number): Error | undefined {
    const problem = this.#problemOf(memberId, generation);
    if (problem) return kafkaError(problem);
    return this.#state === 'joining' ? kafkaError('REBALANCE_IN_PROGRESS') : undefined;
  }

  commit(
    memberId: string,
    generation: number,
    commits: readonly OffsetCommit[],
  ): Error | undefined {
    const problem = this.#problemOf(memberId, generation);
    if (problem) return kafkaError(problem);
    if (this.#state === 'syncing') return kafkaError('REBALANCE_IN_PROGRESS');
    const { partitions } = this.#members.get(memberId) as Member;
    for (const commit of commits) {
      const { topic, partition, offset } = commit;
      this.#watcher.committed(commit, partitions[topic]?.includes(partition) ?? false);
      this.committed.set(`${topic}/${partition}`, offset);
      this.metadata.set(`${topic}/${partition}`, commit.metadata ?? null);
    }
    return undefined;
  }

  /** Removes a member: it leaves, or the group gives it up. */
  remove(memberId: string): void {
    const member = this.#members.get(memberId);
    if (!member) return;
    this.#members.delete(memberId);
    member.join?.(kafkaError('UNKNOWN_MEMBER_ID'));
    member.sync?.(kafkaError('UNKNOWN_MEMBER_ID'));
    this.#rebalance();
    this.#completeJoin();
  }

  /** Adds a stranger, which takes some of the partitions; returns its id. */
  addStranger(): string {
    const id = this.#add(undefined);
    if (this.#state === 'joining') this.#joinLater(id);
    else this.#rebalance();
    return id;
  }

  /** Gives the members of the connector up, as if they had been silent for too long. */
  evictConnectors(): void {
    for (const [id, { owner }] of [...this.#members]) if (owner) this.remove(id);
  }

  #giveUpSilent(): void {
    this.#scheduler.schedule(1_000, undefined, () => {
      this.#giveUpSilent();
      for (const [id, { owner, join, sync, lastSeen }] of [...this.#members]) {
        const isWaiting = !owner || join !== undefined || sync !== undefined;
        if (!isWaiting && this.#scheduler.now - lastSeen > sessionTimeout) this.remove(id);
      }
    });
  }

  /** Whether another member has the partition by now, and none of this owner's. */
  isTakenFrom(owner: Owner, topic: string, partition: number): boolean {
    if (this.#state === 'joining') return false;
    const owners = [...this.#members.values()].filter(({ partitions }) =>
      partitions[topic]?.includes(partition),
    );
    return owners.length > 0 && owners.every((member) => member.owner !== owner);
  }

  #add(owner: Owner | undefined): string {
    this.#memberCount += 1;
    const id = `${owner ? 'connector' : 'stranger'}-${this.#memberCount}`;
    const waiting = { join: undefined, sync: undefined };
    const lastSeen = this.#scheduler.now;
    this.#members.set(id, { owner, ...waiting, partitions: {}, lastSeen });
    return id;
  }

  #problemOf(memberId: string, generation: number): KafkaErrorType | undefined {
    const member = this.#members.get(memberId);
    if (!member) return 'UNKNOWN_MEMBER_ID';
    member.lastSeen = this.#scheduler.now;
    return generation === this.#generation ? undefined : 'ILLEGAL_GENERATION';
  }

  /** Asks all members to join again; strangers do so in their time. */
  #rebalance(): void {
    if (this.#state === 'joining') return;
    this.#state = 'joining';
    for (const [id, member] of this.#members) {
      member.sync?.(kafkaError('REBALANCE_IN_PROGRESS'));
      member.sync = undefined;
      if (!member.owner) this.#joinLater(id);
    }
  }

  #joinLater(strangerId: string): void {
    this.#scheduler.schedule(this.#scheduler.delay(), undefined, () => {
      const stranger = this.#members.get(strangerId);
      if (stranger) stranger.join = () => {};
      this.#completeJoin();
    });
  }

  #completeJoin(): void {
    const members = [...this.#members];
    if (this.#state !== 'joining' || members.some(([, { join }]) => !join)) return;
    this.#generation += 1;
    this.#state = 'syncing';
    const generationId = this.#generation;
    const shares = drawShares(this.#scheduler, this.#topics, [...this.#members.keys()]);
    this.#watcher.rebalanced(generationId, shares);
    for (const [memberId, member] of members) {
      const answer = member.join;
      member.join = undefined;
      member.lastSeen = this.#scheduler.now;
      member.partitions = shares.get(memberId) ?? {};
      answer?.({ memberId, generationId });
    }
    this.#scheduler.schedule(this.#scheduler.delay(), undefined, () => {
      if (generationId === this.#generation && this.#state === 'syncing') this.#completeSync();
    });
  }

  #completeSync(): void {
    this.#state = 'stable';
    for (const member of this.#members.values()) {
      member.sync?.(member.partitions);
      member.sync = undefined;
    }
  }
}

/** Gives each partition to one of the members. */
function drawShares(
  scheduler: Scheduler,
  topics: Partitions,
  memberIds: readonly string[],
): Map<string, Partitions> {
  const shares = new Map<string, Partitions>(memberIds.map((id) => [id, {}]));
  if (memberIds.length === 0) return shares;
  for (const [topic, partitions] of Object.entries(topics)) {
    for (const partition of partitions) {
      const id = scheduler.pick(memberIds);
      const share = shares.get(id) ?? {};
      shares.set(id, { ...share, [topic]: [...(share[topic] ?? []), partition] });
    }
  }
  return shares;
}
