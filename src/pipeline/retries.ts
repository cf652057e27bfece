import type { Clock } from '../clock.ts';
import type { AttemptResult } from '../powerspace/answer.ts';
import { parseRetryAfter, retryDelay } from '../powerspace/retry.ts';
import type { Delivery } from './delivery.ts';

/** The deliveries that wait for their next attempt. */
export class Retries {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #cancels = new Map<Delivery, () => void>();

  /** `random` is in [0, 1), for jitter. */
  constructor(clock: Clock, random: () => number) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Calls `onDue` when the delivery may be sent again after this result. */
  schedule(delivery: Delivery, result: AttemptResult, onDue: () => void): void {
    const header = result.type === 'answer' ? result.retryAfter : undefined;
    const retryAfter = parseRetryAfter(header, this.#clock.now());
    const delay = retryDelay(delivery.attempts, retryAfter, this.#random());
    const cancel = this.#clock.schedule(delay, () => {
      this.#cancels.delete(delivery);
      onDue();
    });
    this.#cancels.set(delivery, cancel);
  }

  /** Those that are as `isWanted` says wait no more; they are returned. */
  take(isWanted: (delivery: Delivery) => boolean): readonly Delivery[] {
    const taken = [...this.#cancels.keys()].filter(isWanted);
    for (const delivery of taken) {
      this.#cancels.get(delivery)?.();
      this.#cancels.delete(delivery);
    }
    return taken;
  }
}
