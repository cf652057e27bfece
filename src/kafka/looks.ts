import type { Clock } from '../clock.ts';
import type { AssignedPartition } from './partition.ts';

/** Milliseconds between two looks that count; in what is beyond, the process itself stood still. */
const longestInterval = 5_000;

/** What has happened since the look before. */
export interface Look {
  /** Milliseconds. */
  readonly elapsed: number;
  /**
   * Whether a backlog is being read: kafkajs asks for partitions in the same order each time, so that those behind
   * get nothing while those before fill the answers.
   */
  readonly isReadingBacklog: boolean;
}

/** Looks at the partitions of this member from time to time. */
export class Looks {
  readonly #clock: Clock;
  /** Milliseconds between two words of a partition that rests. */
  readonly #restInterval: number;
  readonly #positions = new WeakMap<AssignedPartition, number | undefined>();
  #lookedAt: number;
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, maxWait: number) {
    this.#clock = clock;
    this.#restInterval = maxWait / 4;
    this.#lookedAt = clock.now();
  }

  /** Partitions were assigned anew: what passed before, such as the time that joining took, is nobody's wait. */
  restart(): void {
    this.#lookedAt = this.#clock.now();
  }

  look(partitions: readonly AssignedPartition[]): Look {
    const now = this.#clock.now();
    const elapsed = Math.min(now - this.#lookedAt, longestInterval);
    this.#lookedAt = now;
    let isReadingBacklog = false;
    for (const partition of partitions) {
      const { position, isPaused, lag } = partition;
      const hasMoved = position !== this.#positions.get(partition);
      this.#positions.set(partition, position);
      if (hasMoved && !isPaused && lag > 0) isReadingBacklog = true;
    }
    return { elapsed, isReadingBacklog };
  }

  /** These stand still by intent: has that told to members that wait for them, often enough to be in time. */
  tellRests(partitions: readonly AssignedPartition[]): void {
    const now = this.#clock.now();
    if (partitions.length === 0 || now - this.#toldAt < this.#restInterval) return;
    this.#toldAt = now;
    for (const partition of partitions) partition.rests += 1;
  }
}
