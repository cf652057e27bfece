import type { AttemptClass } from './answer.ts';

const transientLimit = 10;
const rejectedLimit = 20;
const shortestProbeInterval = 1_000;
const longestProbeInterval = 60_000;

/** Why sending is stopped: Powerspace is failing, something is set up wrongly, or all is being rejected. */
export type HoldReason = 'transient' | 'setup' | 'rejected';

/**
 * Decides whether postbacks may go out (design §5). Ten transient failures in a row, one setup failure, or
 * twenty rejections of different clicks with none delivered between open it: then nothing is sent but one
 * real postback at a time, as a probe, 1 s to 60 s apart (a minute apart when all is rejected). A delivery closes it.
 */
export class Breaker {
  #hold: HoldReason | undefined;
  #probeAt = 0;
  #probeInterval = shortestProbeInterval;
  #isProbing = false;
  #inFlight = 0;
  #transientInARow = 0;
  readonly #rejectedClicks = new Set<string>();
  #openSince = 0;
  #openBefore = 0;

  /** Why it is open, or undefined while postbacks flow. */
  get hold(): HoldReason | undefined {
    return this.#hold;
  }

  /** While it is open: when the next probe may go, in milliseconds since the epoch. */
  get probeAt(): number {
    return this.#probeAt;
  }

  /** Attempts that were permitted and have not been reported. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /**
   * Whether a postback may be sent at `now`; a `true` means: send it and report. While it is open that is the
   * probe, which goes alone: what was in flight when it opened ends first.
   */
  permits(now: number): boolean {
    if (this.#hold !== undefined) {
      if (this.#inFlight > 0 || now < this.#probeAt) return false;
      this.#isProbing = true;
    }
    this.#inFlight += 1;
    return true;
  }

  /** Takes note of how an attempt that was permitted ended. */
  report(attempt: AttemptClass, clickId: string, now: number): void {
    this.#inFlight -= 1;
    if (this.#isProbing) {
      this.#isProbing = false;
      this.#probeInterval = Math.min(this.#probeInterval * 2, longestProbeInterval);
    }
    this.#transientInARow =
      attempt === 'transient' || attempt === 'ambiguous' ? this.#transientInARow + 1 : 0;
    if (attempt === 'rejected' && this.#rejectedClicks.size < rejectedLimit) {
      this.#rejectedClicks.add(clickId);
    }
    if (attempt === 'delivered') this.#rejectedClicks.clear();

    const hold = this.#holdAfter(attempt);
    if (hold === undefined) this.#close(now);
    else this.#open(hold, now);
  }

  /** Milliseconds for which it has been open in all: time that counts against nobody's retries. */
  openTime(now: number): number {
    return this.#openBefore + (this.#hold === undefined ? 0 : now - this.#openSince);
  }

  #holdAfter(attempt: AttemptClass): HoldReason | undefined {
    if (attempt === 'setup') return 'setup';
    if (this.#transientInARow >= transientLimit) return 'transient';
    if (this.#rejectedClicks.size >= rejectedLimit) return 'rejected';
    // An answer that is no failure of Powerspace or of the set-up ends those holds; others persist.
    if (attempt === 'delivered' || attempt === 'rejected') return undefined;
    return this.#hold;
  }

  #open(hold: HoldReason, now: number): void {
    if (this.#hold === undefined) {
      this.#openSince = now;
      this.#probeInterval = shortestProbeInterval;
    }
    this.#hold = hold;
    this.#probeAt = now + (hold === 'rejected' ? longestProbeInterval : this.#probeInterval);
  }

  #close(now: number): void {
    if (this.#hold === undefined) return;
    this.#openBefore += now - this.#openSince;
    this.#hold = undefined;
  }
}
