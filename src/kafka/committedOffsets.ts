import type { Admin } from 'kafkajs';
import { partitionName } from './partitionName.ts';

/** What a group has committed of a partition. */
interface CommittedOffset {
  readonly topic: string;
  readonly partition: number;
  /** -1, below every offset, where that is nothing. */
  readonly offset: number;
  readonly metadata: string | null;
}

/** What a group has committed of each partition of some topics. */
export async function readOffsets(
  admin: Admin,
  groupId: string,
  topics: readonly string[],
): Promise<readonly CommittedOffset[]> {
  const found = await admin.fetchOffsets({ groupId, topics: [...topics] });
  return found.flatMap(({ topic, partitions }) =>
    partitions.map(({ partition, offset, metadata }) => ({
      ...{ topic, partition, metadata },
      offset: Number(offset),
    })),
  );
}

/** The same, the offsets alone, by `partitionName`. */
export async function readCommitted(
  admin: Admin,
  groupId: string,
  topics: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const found = await readOffsets(admin, groupId, topics);
  return new Map(found.map((committed) => [partitionName(committed), committed.offset]));
}
