import type { EachBatchPayload } from 'kafkajs';
import type { Clock } from '../clock.ts';

/** Milliseconds between two looks at whether to wait on; a heart beats as often as kafkajs says. */
const lookInterval = 200;

/**
 * Lets a batch that was fetched wait for room, so that it need not be fetched and decoded again. kafkajs learns of a
 * rebalance by a heartbeat and goes on once the batch is given back, so each look beats the heart, and a wait ends with
 * the first that fails.
 */
export class RoomWait {
  readonly #clock: Clock;
  #wake: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** There may be room. */
  end(): void {
    this.#wake?.();
  }

  /** Waits as long as `isWorthIt` says so, looking every now and then, and at each call of `end`. */
  async untilEnded(
    { heartbeat }: Pick<EachBatchPayload, 'heartbeat'>,
    isWorthIt: () => boolean,
  ): Promise<void> {
    while (isWorthIt()) {
      await this.#nextLook();
      // kafkajs beats the heart again after the batch, and meets the same failure where it can act on it.
      if (!(await succeeds(heartbeat))) return;
    }
  }

  #nextLook(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#clock.schedule(lookInterval, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }
}

async function succeeds(work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch {
    return false;
  }
}
