import type { Clock } from '../clock.ts';
import { UnavailableError } from '../errors.ts';

/** A token that a broker takes as a login. */
export interface IssuedToken {
  readonly value: string;
  /** Milliseconds for which it is valid from now on; undefined where its issuer doesn't say. */
  readonly validFor: number | undefined;
}

/** Part of its life after which a token is renewed. */
const renewAfter = 0.8;
/** kafkajs logs in again 10 s before a session ends, with a token that must reach beyond that. */
const leastLeft = 30_000;

interface Held {
  readonly value: string;
  readonly renewAt: number;
  readonly expiresAt: number;
}

/**
 * Tokens for logins: one is used until it is near its end, or was refused. Where its issuer is away then, it is
 * used for as long as it is valid.
 */
export class BearerTokens {
  readonly #issue: () => Promise<IssuedToken>;
  readonly #clock: Clock;
  #held: Held | undefined;
  #issuing: Promise<string> | undefined;

  constructor(issue: () => Promise<IssuedToken>, clock: Clock) {
    this.#issue = issue;
    this.#clock = clock;
  }

  /** A token to log in with. Throws what `issue` throws where there is no valid one. */
  async token(): Promise<string> {
    const held = this.#held;
    if (held !== undefined && this.#clock.now() < held.renewAt) return held.value;
    this.#issuing ??= this.#renew().finally(() => {
      this.#issuing = undefined;
    });
    try {
      return await this.#issuing;
    } catch (thrown) {
      const isValid = held !== undefined && this.#clock.now() < held.expiresAt;
      if (isValid && this.#held === held && thrown instanceof UnavailableError) return held.value;
      throw thrown;
    }
  }

  /** A broker did not take this token: the next login gets another. */
  refused(token: string): void {
    if (this.#held?.value === token) this.#held = undefined;
  }

  async #renew(): Promise<string> {
    const askedAt = this.#clock.now();
    const { value, validFor = 0 } = await this.#issue();
    const use = Math.min(validFor * renewAfter, validFor - leastLeft);
    this.#held = { value, renewAt: askedAt + use, expiresAt: askedAt + validFor };
    return value;
  }
}
