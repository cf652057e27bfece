/** How many look-ups may go wrong at once, and a second. */
const burst = 10;
const perSecond = 10;

/**
 * Bounds how often a registry is asked for what it does not have: a producer that writes garbage in front of
 * its values must not make the connector a burden for everybody's registry. A look-up takes one, and gives it
 * back when it was not in vain.
 */
export class LookupBudget {
  readonly #now: () => number;
  #left = burst;
  #filledAt: number;

  /** `now` is a clock in milliseconds that never goes back. */
  constructor(now: () => number) {
    this.#now = now;
    this.#filledAt = now();
  }

  /** Whether a look-up may be made now. */
  take(): boolean {
    const now = this.#now();
    this.#left = Math.min(burst, this.#left + ((now - this.#filledAt) / 1_000) * perSecond);
    this.#filledAt = now;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }

  giveBack(): void {
    this.#left = Math.min(burst, this.#left + 1);
  }
}
