import type { Clock } from '../clock.ts';
import { ConfigurationError, UnavailableError } from '../errors.ts';
import type { Logger } from '../telemetry/log.ts';

const firstDelay = 200;
const longestDelay = 10_000;

/** Calls `work` until the part that it needs is there. */
export type UntilAvailable = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * Waits for the parts that are needed. What fails with UnavailableError, or because access is not granted, is
 * repeated 0.2 s to 10 s apart, with jitter, for as long as it takes: the records wait, and through the full
 * intake so does Kafka.
 */
export class Availability {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #random: () => number;
  readonly #waiting = new Map<symbol, string>();

  /** `random` is in [0, 1), for jitter. */
  constructor(clock: Clock, log: Logger, random: () => number) {
    this.#clock = clock;
    this.#log = log;
    this.#random = random;
  }

  /** Why each part that is waited for can't serve. */
  get problems(): readonly string[] {
    return [...new Set(this.#waiting.values())];
  }

  /** A way to wait, until `signal` aborts: then it rejects with its reason. Other errors pass through. */
  until(signal: AbortSignal): UntilAvailable {
    return (work) => this.#repeat(work, whyAwayOrRefused, signal);
  }

  /**
   * The same for a start, when whoever set it up looks on: that access is not granted passes through too, as
   * does everything else that ConfigurationError says.
   */
  untilReached(signal: AbortSignal): UntilAvailable {
    return (work) => this.#repeat(work, whyAway, signal);
  }

  async #repeat<T>(work: () => Promise<T>, why: WhyAway, signal: AbortSignal): Promise<T> {
    const id = Symbol();
    try {
      for (let failures = 1; ; failures += 1) {
        try {
          return await work();
        } catch (thrown) {
          const reason = why(thrown);
          if (reason === undefined) throw thrown;
          this.#waiting.set(id, reason);
          await this.#wait(reason, failures, signal);
        }
      }
    } finally {
      this.#waiting.delete(id);
    }
  }

  async #wait(reason: string, failures: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const ceiling = Math.min(firstDelay * 2 ** failures, longestDelay);
    const delay = Math.round(ceiling * (0.5 + this.#random() / 2));
    this.#log.warn({ failures, delay }, `${reason}; trying again`);
    await this.#clock.wait(delay, signal);
  }
}

/** Why a part that has failed so can't serve; undefined for what no waiting mends. */
type WhyAway = (thrown: unknown) => string | undefined;

const whyAway: WhyAway = (thrown) =>
  thrown instanceof UnavailableError ? thrown.message : undefined;

const whyAwayOrRefused: WhyAway = (thrown) =>
  thrown instanceof ConfigurationError
    ? thrown.problems.map(({ message }) => message).join('; ')
    : whyAway(thrown);
