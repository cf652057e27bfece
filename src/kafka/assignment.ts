import kafkajs, { type PartitionAssigner } from 'kafkajs';
import { AssignedPartition } from './partition.ts';
import { partitionName } from './partitionName.ts';

/** No fetch is under way for longer than this; a broker that is gone ends no fetch at all. */
const longestFetch = 60_000;

/**
 * The partitions that this member owns now. It is the fence: from the moment the member asks to join again
 * until it has joined, it owns none, and what it owned before stays revoked.
 */
export class Assignment {
  #generation = 0;
  #partitions = new Map<string, AssignedPartition>();
  /** By partition the offset that the group had of it in an earlier generation. */
  readonly #earlierOffsets = new Map<string, number>();
  readonly #fetches = new Map<string, { generation: number; startedAt: number }>();

  get partitions(): Iterable<AssignedPartition> {
    return this.#partitions.values();
  }

  find(topic: string, partition: number): AssignedPartition | undefined {
    return this.#partitions.get(partitionName({ topic, partition }));
  }

  /** Revokes everything: what was read for it may go on and settle, but nothing new starts. */
  fence(): void {
    for (const [name, partition] of this.#partitions) {
      partition.isRevoked = true;
      if (partition.knownOffset >= 0) this.#earlierOffsets.set(name, partition.knownOffset);
    }
    this.#partitions.clear();
    this.#generation += 1;
  }

  /** Takes the partitions of the generation that was just joined. */
  assign(partitionsByTopic: Readonly<Record<string, readonly number[]>>): void {
    this.fence();
    for (const [topic, partitions] of Object.entries(partitionsByTopic)) {
      for (const partition of partitions) {
        const assigned = new AssignedPartition(topic, partition);
        const name = partitionName(assigned);
        assigned.earlierOffset = this.#earlierOffsets.get(name);
        this.#partitions.set(name, assigned);
      }
    }
  }

  /**
   * Starts a partition afresh: its log is another one now. What was read of the log before is not revoked, since
   * nobody can read it again; it goes on and settles, and is committed nowhere.
   */
  replace({ topic, partition, isPaused, end }: AssignedPartition): AssignedPartition {
    const fresh = new AssignedPartition(topic, partition);
    fresh.isPaused = isPaused;
    fresh.end = end;
    fresh.groupOffset = -1;
    this.#partitions.set(partitionName(fresh), fresh);
    return fresh;
  }

  /** A broker is asked for records. The fetch before it, and the handling of its batches, have ended. */
  fetchStarted(broker: string, now: number): void {
    this.#fetches.set(broker, { generation: this.#generation, startedAt: now });
  }

  /** Every fetch, and the handling of its batches, has ended. */
  fetchesEnded(): void {
    this.#fetches.clear();
  }

  /** Milliseconds since the earliest fetch began whose batches may be handled now; Infinity where none is known. */
  longestFetchTime(now: number): number {
    const times = Array.from(this.#fetches.values(), ({ startedAt }) => now - startedAt);
    return (
      times.filter((time) => time < longestFetch).toSorted((one, other) => other - one)[0] ??
      Number.POSITIVE_INFINITY
    );
  }

  /**
   * Whether batches may still come in that were fetched in an earlier generation: kafkajs doesn't filter
   * them by the new assignment, and taking one would skip what lies before it.
   */
  isSettling(now: number): boolean {
    for (const fetch of this.#fetches.values()) {
      const isRecent = now - fetch.startedAt < longestFetch;
      if (fetch.generation < this.#generation && isRecent) return true;
    }
    return false;
  }
}

/**
 * kafkajs's round-robin assigner, which also tells when the member is about to join: `protocol()` is the
 * one place that runs before every JoinGroup, whichever way kafkajs came there.
 */
export function fencingAssigner(onJoin: () => void): PartitionAssigner {
  return (configuration) => {
    const assigner = kafkajs.PartitionAssigners.roundRobin(configuration);
    return {
      ...assigner,
      protocol(subscription) {
        onJoin();
        return assigner.protocol(subscription);
      },
    };
  };
}
