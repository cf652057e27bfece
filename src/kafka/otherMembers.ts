import type { Admin } from 'kafkajs';
import { readOffsets } from './committedOffsets.ts';
import { readJoined } from './joinedOffsets.ts';
import type { AssignedPartition } from './partition.ts';
import { partitionName } from './partitionName.ts';
import type { WaitedFor } from './standstills.ts';

/**
 * How far the group has come in the partitions that this member doesn't own: those of other replicas, and of
 * members that are gone and not given up yet.
 */
export class OtherMembers {
  readonly #group: string;
  #partitions = new Map<string, readonly number[]>();
  /** Stands for the generation in which that was asked. */
  #askedWith: AssignedPartition | undefined;

  constructor(group: string) {
    this.#group = group;
  }

  /** As OthersOffsets.othersBehind promises. */
  async behind(
    admin: Admin,
    timestamps: ReadonlyMap<string, number>,
    own: readonly AssignedPartition[],
  ): Promise<readonly WaitedFor[]> {
    const others = await this.#otherPartitions(admin, [...timestamps.keys()], own);
    if (others.size === 0) return [];
    const standings = await readStandings(admin, this.#group, [...others.keys()]);
    const behind: WaitedFor[] = [];
    for (const [topic, partitions] of others) {
      const needed = await offsetsAt(admin, topic, timestamps.get(topic) ?? 0);
      for (const partition of partitions) {
        const { joinedTo, progress } =
          standings.get(partitionName({ topic, partition })) ?? unheardOf;
        if (joinedTo < (needed.get(partition) ?? 0)) behind.push({ topic, partition, progress });
      }
    }
    return behind;
  }

  async #otherPartitions(
    admin: Admin,
    topics: readonly string[],
    own: readonly AssignedPartition[],
  ): Promise<ReadonlyMap<string, readonly number[]>> {
    // Partitions that are added make kafkajs join again.
    if (this.#askedWith !== own[0]) this.#partitions.clear();
    this.#askedWith = own[0];
    if (!topics.every((topic) => this.#partitions.has(topic))) await this.#ask(admin, topics);
    const owned = new Set(own.map(partitionName));
    const others = new Map<string, readonly number[]>();
    for (const topic of topics) {
      const partitions = this.#partitions.get(topic) ?? [];
      const left = partitions.filter(
        (partition) => !owned.has(partitionName({ topic, partition })),
      );
      if (left.length > 0) others.set(topic, left);
    }
    return others;
  }

  /** A topic that is gone has no partitions. */
  async #ask(admin: Admin, topics: readonly string[]): Promise<void> {
    const names = new Set(await admin.listTopics());
    const present = topics.filter((topic) => names.has(topic));
    const found = present.length === 0 ? [] : await readPartitions(admin, present);
    for (const topic of topics) this.#partitions.set(topic, []);
    for (const [topic, partitions] of found) this.#partitions.set(topic, partitions);
  }
}

async function readPartitions(admin: Admin, topics: string[]) {
  const metadata = await admin.fetchTopicMetadata({ topics });
  return metadata.topics.map(
    ({ name, partitions }) => [name, partitions.map(({ partitionId }) => partitionId)] as const,
  );
}

/** Of each partition the first offset with at least this timestamp; -1 where nothing lies before it. */
async function offsetsAt(
  admin: Admin,
  topic: string,
  timestamp: number,
): Promise<ReadonlyMap<number, number>> {
  const ends = await admin.fetchTopicOffsets(topic);
  const lows = new Map(ends.map(({ partition, low }) => [partition, Number(low)]));
  const offsets = await admin.fetchTopicOffsetsByTimestamp(topic, timestamp);
  return new Map(
    offsets.map(({ partition, offset }) => [
      partition,
      Number(offset) <= (lows.get(partition) ?? 0) ? -1 : Number(offset),
    ]),
  );
}

/** How far the group has come in a partition. */
interface Standing {
  /** The offset below which everything is joined: what is settled is joined too. */
  readonly joinedTo: number;
  /** Another text once its owner has said anything new. */
  readonly progress: string;
}

const unheardOf: Standing = { joinedTo: -1, progress: '' };

async function readStandings(
  admin: Admin,
  group: string,
  topics: readonly string[],
): Promise<ReadonlyMap<string, Standing>> {
  const standings = new Map<string, Standing>();
  for (const { offset, metadata, ...partition } of await readOffsets(admin, group, topics)) {
    standings.set(partitionName(partition), {
      joinedTo: Math.max(offset, readJoined(metadata)),
      progress: `${offset} ${metadata}`,
    });
  }
  return standings;
}
