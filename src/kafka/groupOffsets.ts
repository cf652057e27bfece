import type { AssignedPartition } from './partition.ts';

/** How far the group has come, asked of the broker. */
export interface GroupOffsets {
  /** The offset that the group has committed of each of the partitions; below 0 where it has none. */
  committed(
    partitions: readonly AssignedPartition[],
  ): Promise<ReadonlyMap<AssignedPartition, number>>;
  /** The offset of the first record that each of the partitions still has. */
  firsts(partitions: readonly AssignedPartition[]): Promise<ReadonlyMap<AssignedPartition, number>>;
}

/** Knows from where partitions must be read, so that no record is passed over without a word. */
export class GroupStanding {
  readonly #offsets: GroupOffsets;
  readonly #assigned: () => Iterable<AssignedPartition>;
  #asking: Promise<void> | undefined;

  constructor(offsets: GroupOffsets, assigned: () => Iterable<AssignedPartition>) {
    this.#offsets = offsets;
    this.#assigned = assigned;
  }

  /** Asks where the group stands in all partitions of which that is not known. Rejects when the broker doesn't tell. */
  ask(): Promise<void> {
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  /**
   * Of the partitions with something to commit those whose offset the group has lost: Kafka drops it with a topic,
   * and under the same name there is another log then, perhaps longer than the one before, so that nothing else
   * shows it. Rejects when the broker doesn't tell.
   */
  async findLost(): Promise<readonly AssignedPartition[]> {
    const advanced = [...this.#assigned()].filter(
      ({ knownOffset, watermark }) => knownOffset >= 0 && (watermark.offset ?? -1) > knownOffset,
    );
    if (advanced.length === 0) return [];
    const committed = await this.#offsets.committed(advanced);
    return advanced.filter(
      (partition) => !partition.isRevoked && (committed.get(partition) ?? 0) < 0,
    );
  }

  async #ask(): Promise<void> {
    const unknown = [...this.#assigned()].filter(({ groupOffset }) => groupOffset === undefined);
    if (unknown.length === 0) return;
    const committed = await this.#offsets.committed(unknown);
    const hasNone = (partition: AssignedPartition) => (committed.get(partition) ?? -1) < 0;
    const without = unknown.filter(hasNone);
    const firsts = without.length === 0 ? undefined : await this.#offsets.firsts(without);
    for (const partition of unknown) {
      partition.groupOffset = committed.get(partition) ?? -1;
      partition.startOffset = hasNone(partition) ? firsts?.get(partition) : partition.groupOffset;
    }
  }
}
