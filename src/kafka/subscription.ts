import type { Clock } from '../clock.ts';
import type { KafkaAdmin } from './admin.ts';
import type { KafkaLog } from './client.ts';

/** Milliseconds between two looks for topics that are gone. */
const lookInterval = 15_000;

/** What a subscription needs. */
export interface SubscriptionOptions {
  readonly topics: readonly string[];
  readonly admin: Pick<KafkaAdmin, 'topics'>;
  readonly clock: Clock;
  readonly log: KafkaLog;
}

/**
 * The topics that are read: those of the configuration that are there. kafkajs reads nothing at all while one of
 * its topics is gone.
 */
export class Subscription {
  readonly #options: SubscriptionOptions;
  #missing: readonly string[] = [];
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(options: SubscriptionOptions) {
    this.#options = options;
  }

  /** The topics of the configuration that were gone at the last look. */
  get missing(): readonly string[] {
    return this.#missing;
  }

  /** The topics to read now. Rejects when no broker tells, and when none of them is there. */
  async findPresent(): Promise<readonly string[]> {
    const { topics } = this.#options;
    const present = await this.#look();
    if (present.length === 0) throw new Error(`none of the topics is there: ${topics.join(', ')}`);
    return present;
  }

  /** To be called from time to time: the first of the topics that were gone and are there again. */
  async findReturned(): Promise<string | undefined> {
    const { clock } = this.#options;
    const wereMissing = this.#missing;
    if (wereMissing.length === 0 || clock.now() - this.#lookedAt < lookInterval) return undefined;
    this.#lookedAt = clock.now();
    const present = await this.#look();
    return wereMissing.find((topic) => present.includes(topic));
  }

  async #look(): Promise<readonly string[]> {
    const { topics, admin, clock, log } = this.#options;
    const there = new Set(await admin.topics());
    this.#lookedAt = clock.now();
    const before = this.#missing;
    this.#missing = topics.filter((topic) => !there.has(topic));
    for (const topic of this.#missing) {
      const message = 'a topic is gone; it is read again once it is there';
      if (!before.includes(topic)) log('error', message, { topic });
    }
    return topics.filter((topic) => there.has(topic));
  }
}
