import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin, Kafka } from 'kafkajs';
import { until } from '../until.ts';

const interval = 200;

/** A committed offset that was seen to change. */
export interface CommitSample {
  /** When the answer had come that says so, in milliseconds since 1970. */
  readonly at: number;
  readonly topic: string;
  readonly partition: number;
  /** -1 for none. */
  readonly offset: number;
}

/** Observer W: sees the committed offsets of a group, with a client of its own, five times a second. */
export class OffsetWatcher {
  /** The changes of each partition, in the order of time. */
  readonly samples: CommitSample[] = [];
  /** How often the offsets were seen. */
  looks = 0;
  readonly #admin: Admin;
  readonly #group: string;
  readonly #topics: readonly string[];
  readonly #committed = new Map<string, number>();
  #isOver = false;

  constructor(kafka: Kafka, group: string, topics: readonly string[]) {
    this.#admin = kafka.admin({ retry: { retries: 0 } });
    this.#group = group;
    this.#topics = topics;
  }

  /** Looks until `stop` is called. */
  async run(): Promise<void> {
    while (!this.#isOver) {
      await this.#look().catch(() => {
        // The broker is down: look again.
      });
      await sleep(interval);
    }
  }

  stop(): void {
    this.#isOver = true;
  }

  async close(): Promise<void> {
    this.stop();
    await this.#admin.disconnect();
  }

  /** The ends of the partitions now; undefined while the broker doesn't say. */
  async ends(): Promise<ReadonlyMap<string, number> | undefined> {
    try {
      const ends = new Map<string, number>();
      for (const topic of this.#topics) {
        for (const { partition, high } of await this.#admin.fetchTopicOffsets(topic)) {
          ends.set(`${topic}/${partition}`, Number(high));
        }
      }
      return ends;
    } catch {
      // The broker is down.
      return undefined;
    }
  }

  /** Whether all below these offsets is committed, as far as it was seen. */
  hasReached(offsets: ReadonlyMap<string, number>): boolean {
    return this.#countBelow(offsets) === 0;
  }

  /** How many records are not committed yet; undefined while the broker doesn't say. */
  async behind(): Promise<number | undefined> {
    const ends = await this.ends();
    return ends && this.#countBelow(ends);
  }

  /** Resolves once every record is committed. Throws NotInTimeError after `deadline` milliseconds. */
  async untilCommitted(deadline: number): Promise<void> {
    await until(
      () => this.behind(),
      (behind) => behind === 0,
      { deadline, interval: 250, what: 'every record to be committed' },
    );
  }

  #countBelow(offsets: ReadonlyMap<string, number>): number {
    let count = 0;
    for (const [name, offset] of offsets) {
      count += Math.max(offset - Math.max(this.#committed.get(name) ?? 0, 0), 0);
    }
    return count;
  }

  async #look(): Promise<void> {
    await this.#admin.connect();
    const topics = [...this.#topics];
    const answer = await this.#admin.fetchOffsets({ groupId: this.#group, topics });
    const at = Date.now();
    this.looks += 1;
    for (const { topic, partitions } of answer) {
      for (const { partition, offset } of partitions) {
        const committed = Number(offset);
        const name = `${topic}/${partition}`;
        if (this.#committed.get(name) === committed) continue;
        this.#committed.set(name, committed);
        this.samples.push({ at, topic, partition, offset: committed });
      }
    }
  }
}
