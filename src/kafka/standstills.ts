import type { AssignedPartition } from './partition.ts';
import { partitionName } from './partitionName.ts';

/** A partition that records of later stages wait for. */
export interface WaitedFor {
  readonly topic: string;
  readonly partition: number;
  /** How far it has come, in whatever form: another text means that it has moved. */
  readonly progress: string;
}

/** How long partitions are waited for. */
export interface Patience {
  /** Milliseconds of standing still, though it could move, after which a partition holds nobody up any more. */
  readonly maxWait: number;
  /** It does so from now on, until it moves. Called once. */
  readonly onStandstill: (topic: string, partition: number) => void;
}

interface Wait {
  readonly progress: string;
  readonly since: number;
  readonly confirmedAt: number;
  readonly isGivenUp: boolean;
}

/** A wait that is not confirmed within so many milliseconds has ended, and the next one begins anew. */
const longestSilence = 15_000;

/**
 * Knows which partitions have stood still for `maxWait` while somebody waited for them. Its time is told from
 * outside, and only that in which they could have moved: an outage in which everything is held takes none of it.
 */
export class Standstills {
  readonly #patience: Patience;
  readonly #waits = new Map<string, Wait>();
  #time = 0;

  constructor(patience: Patience) {
    this.#patience = patience;
  }

  /** So many milliseconds have passed in which the partitions could have moved. */
  pass(milliseconds: number): void {
    this.#time += milliseconds;
  }

  /** Whether to wait on for a partition that holds somebody up now; to be asked as long as it does. */
  isWorthWaiting(waitedFor: WaitedFor): boolean {
    const { topic, partition, progress } = waitedFor;
    const known = this.#find(waitedFor);
    const since = known?.since ?? this.#time;
    const isGivenUp = known?.isGivenUp || this.#time - since >= this.#patience.maxWait;
    const wait = { progress, since, confirmedAt: this.#time, isGivenUp };
    this.#waits.set(partitionName(waitedFor), wait);
    if (isGivenUp && !known?.isGivenUp) this.#patience.onStandstill(topic, partition);
    return !isGivenUp;
  }

  /** Whether it has stood still for too long, and still does. */
  isGivenUp(waitedFor: WaitedFor): boolean {
    return this.#find(waitedFor)?.isGivenUp ?? false;
  }

  /** It holds nobody up, or only because it waits itself: if it does later, the wait begins then. */
  forget(waitedFor: WaitedFor): void {
    this.#waits.delete(partitionName(waitedFor));
  }

  /** Others may have all partitions now: every wait begins anew. */
  clear(): void {
    this.#waits.clear();
  }

  #find(waitedFor: WaitedFor): Wait | undefined {
    const wait = this.#waits.get(partitionName(waitedFor));
    if (wait?.progress !== waitedFor.progress) return undefined;
    const isConfirmed = this.#time - wait.confirmedAt <= longestSilence;
    return wait.isGivenUp || isConfirmed ? wait : undefined;
  }
}

/** A partition of this member, as somebody who waits for it sees it. */
export function waitedForOf({ topic, partition, position }: AssignedPartition): WaitedFor {
  return { topic, partition, progress: String(position) };
}
