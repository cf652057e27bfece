/** The stages of a conversion in the order in which they need each other: clicks, leads, orders. */
export const stages = ['click', 'lead', 'order'] as const;
export type Stage = (typeof stages)[number];

/** What a topic holds, by its mappings. */
export interface TopicStages {
  readonly topic: string;
  readonly stages: readonly Stage[];
}

/** Knows which topics need which. */
export class StageOrder {
  readonly #ranges: ReadonlyMap<string, { readonly first: number; readonly last: number }>;

  constructor(topics: readonly TopicStages[]) {
    this.#ranges = new Map(
      topics.map(({ topic, stages: held }) => {
        const indexes = held.map((stage) => stages.indexOf(stage));
        return [topic, { first: Math.min(...indexes), last: Math.max(...indexes) }];
      }),
    );
  }

  /** Whether a topic holds records that need those of another, or of another partition of its own. */
  needs(topic: string, other: string): boolean {
    const last = this.#ranges.get(topic)?.last ?? 0;
    const first = this.#ranges.get(other)?.first ?? 0;
    return first < last;
  }

  /**
   * The topics that a record with this timestamp needs, each with the timestamp of the first record in them that it
   * does not need. Of two that need each other, and hold records of the same time, either may go first.
   */
  neededBy(topic: string, timestamp: number): ReadonlyMap<string, number> {
    const needed = new Map<string, number>();
    for (const other of this.#ranges.keys()) {
      const isMutual = this.needs(other, topic);
      if (this.needs(topic, other)) needed.set(other, isMutual ? timestamp : timestamp + 1);
    }
    return needed;
  }
}
