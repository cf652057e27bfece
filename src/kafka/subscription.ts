import type { Clock } from '../clock.ts';
import type { KafkaAdmin } from './admin.ts';
import type { KafkaLog } from './client.ts';
import type { TopicStages } from './stageOrder.ts';

/** Milliseconds between two looks for topics that have come or gone. */
const lookInterval = 15_000;

/** What a subscription needs. */
export interface SubscriptionOptions {
  /** What to read, of all the topics that the cluster has. */
  readonly topics: (clusterTopics: readonly string[]) => readonly TopicStages[];
  readonly admin: Pick<KafkaAdmin, 'topics'>;
  readonly clock: Clock;
  readonly log: KafkaLog;
}

/**
 * The topics that are read: those of the configuration that are there. kafkajs reads nothing at all while one of
 * its topics is gone, and looks for those that fit a pattern only when it joins.
 */
export class Subscription {
  readonly #options: SubscriptionOptions;
  #joined: ReadonlySet<string> = new Set();
  #missing: readonly string[] = [];
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(options: SubscriptionOptions) {
    this.#options = options;
  }

  /** The topics that the configuration names and that were gone at the last look. */
  get missing(): readonly string[] {
    return this.#missing;
  }

  /** The topics to join for now. Rejects when no broker tells, and when none of them is there. */
  async findPresent(): Promise<readonly TopicStages[]> {
    const present = await this.#look();
    if (present.length === 0) {
      throw new Error(`none of the topics is there: ${this.#missing.join(', ')}`);
    }
    this.#joined = new Set(present.map(({ topic }) => topic));
    return present;
  }

  /** To be called from time to time: a topic that has come, for the first time or again, since the last join. */
  async findNew(): Promise<string | undefined> {
    if (this.#options.clock.now() - this.#lookedAt < lookInterval) return undefined;
    const present = await this.#look();
    return present.find(({ topic }) => !this.#joined.has(topic))?.topic;
  }

  async #look(): Promise<readonly TopicStages[]> {
    const { topics, admin, clock, log } = this.#options;
    this.#lookedAt = clock.now();
    const there = await admin.topics();
    const wanted = topics(there);
    const before = this.#missing;
    this.#missing = wanted.map(({ topic }) => topic).filter((topic) => !there.includes(topic));
    for (const topic of this.#missing) {
      const message = 'a topic is gone; it is read again once it is there';
      if (!before.includes(topic)) log('error', message, { topic });
    }
    return wanted.filter(({ topic }) => !this.#missing.includes(topic));
  }
}
