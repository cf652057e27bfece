import type { ShopEvent } from '../shop/event.ts';
import type { OffsetWatcher } from './offsetWatcher.ts';

/** Events of journeys, stage by stage: visits, then sign-ups, then orders. */
interface Cohort {
  readonly stages: (readonly ShopEvent[])[];
  /** What must be committed before the next stage; undefined until the broker has said. */
  needed: ReadonlyMap<string, number> | undefined;
}

/**
 * When the stages of a journey are produced: each as soon as the one before is acknowledged, so that only the
 * connector keeps them in order; or each once the one before is committed, which leaves that order out of the test.
 */
export type Pace = 'at-once' | 'when-committed';

/** Produces the stages of journeys in their order. */
export class JourneyStages {
  readonly #produce: (events: readonly ShopEvent[]) => Promise<void>;
  readonly #watcher: OffsetWatcher;
  readonly #pace: Pace;
  readonly #waiting = new Set<Cohort>();

  constructor(options: {
    readonly produce: (events: readonly ShopEvent[]) => Promise<void>;
    readonly watcher: OffsetWatcher;
    readonly pace: Pace;
  }) {
    this.#produce = options.produce;
    this.#watcher = options.watcher;
    this.#pace = options.pace;
  }

  /** Whether every stage that was begun is produced. */
  get areProduced(): boolean {
    return this.#waiting.size === 0;
  }

  async begin(stages: readonly (readonly ShopEvent[])[]): Promise<void> {
    if (this.#pace === 'at-once') {
      for (const events of stages) await this.#produce(events);
      return;
    }
    const [first = [], ...others] = stages;
    await this.#produce(first);
    this.#waiting.add({ stages: others, needed: undefined });
  }

  /** Produces the stages whose time has come. */
  async advance(): Promise<void> {
    for (const cohort of this.#waiting) {
      cohort.needed ??= await this.#watcher.ends();
      if (!cohort.needed || !this.#watcher.hasReached(cohort.needed)) continue;
      await this.#produce(cohort.stages.shift() ?? []);
      cohort.needed = undefined;
      if (cohort.stages.length === 0) this.#waiting.delete(cohort);
    }
  }
}
