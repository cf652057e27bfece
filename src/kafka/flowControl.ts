import type { EachBatchPayload } from 'kafkajs';
import type { Clock } from '../clock.ts';
import type { Assignment } from './assignment.ts';
import type { AssignedPartition } from './partition.ts';
import { RoomWait } from './roomWait.ts';
import type { StageGate } from './stageGate.ts';

/**
 * Milliseconds after the start of its fetch for which a batch waits for room at most. Meanwhile nothing else is fetched
 * from its broker, and what kafkajs does between two fetches has to wait; far less than `longestFetch` in assignment.ts.
 */
const longestHold = 5_000;

/** Stops, or goes on with, fetching from a partition. */
export interface Fetching {
  pause(partition: AssignedPartition): void;
  resume(partition: AssignedPartition): void;
  /** Fetches from the first record on, whatever was fetched before. */
  restart(partition: AssignedPartition): void;
}

/** What controlling the flow needs. */
export interface FlowControlOptions {
  readonly assignment: Assignment;
  readonly gate: StageGate;
  readonly clock: Clock;
  readonly fetching: Fetching;
}

/**
 * Decides from which partitions more is fetched. What there is no room for waits for a while in its batch, which
 * kafkajs has in memory anyway, and holds up further fetches; only when no room comes is fetching paused.
 */
export class FlowControl {
  readonly #options: FlowControlOptions;
  readonly #roomWait: RoomWait;
  #isHeld = false;
  /** Whether a batch has waited for room in vain since it was held. */
  #isPaused = false;

  constructor(options: FlowControlOptions) {
    this.#options = options;
    this.#roomWait = new RoomWait(options.clock);
  }

  /** Whether nothing goes on but what there is room for. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** Does not pause at once: what is being fetched from other brokers would be decoded and thrown away. */
  hold(): void {
    this.#isHeld = true;
  }

  /** Goes on, whatever the partitions wait for themselves. */
  resume(): void {
    this.#isHeld = false;
    this.#isPaused = false;
    this.apply();
    this.#roomWait.end();
  }

  /** kafkajs keeps the pauses of an earlier generation; those of the one that was just joined are new. */
  assigned(): void {
    const { assignment, fetching } = this.#options;
    for (const partition of assignment.partitions) fetching.resume(partition);
    this.apply();
  }

  /** Fetches from the partitions that may go on, and from no other. */
  apply(): void {
    const { assignment, gate, fetching } = this.#options;
    const partitions = [...assignment.partitions];
    gate.release(partitions);
    for (const partition of partitions) {
      const rests = partition.isTooFarAhead || partition.hasReachedEnd;
      const isPaused = this.#isPaused || gate.isBlocked(partition) || rests;
      if (isPaused === partition.isPaused) continue;
      partition.isPaused = isPaused;
      if (isPaused) fetching.pause(partition);
      else fetching.resume(partition);
    }
  }

  /** Has a batch wait until nothing is held, as long as it is current and its fetch began lately. */
  async untilRoom(payload: EachBatchPayload, isCurrent: () => boolean): Promise<void> {
    await this.#roomWait.untilEnded(
      payload,
      () => this.#isHeld && isCurrent() && this.#hasFetchedLately(),
    );
    if (this.#isHeld) this.#isPaused = true;
  }

  #hasFetchedLately(): boolean {
    const { assignment, clock } = this.#options;
    return assignment.longestFetchTime(clock.now()) < longestHold;
  }
}
