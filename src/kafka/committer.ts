import type { EachBatchPayload } from 'kafkajs';
import { stepDone } from '../steps.ts';
import { joinedMetadata } from './joinedOffsets.ts';
import type { AssignedPartition } from './partition.ts';

type CommitOffsets = EachBatchPayload['commitOffsetsIfNecessary'];

/** Commits the watermarks of partitions that are owned now; never one that goes back. */
export class Committer {
  #commitOffsets: CommitOffsets | undefined;
  #underWay = 0;

  /** Whether a commit waits for the broker's answer. */
  get isCommitting(): boolean {
    return this.#underWay > 0;
  }

  /**
   * Commits through this function from now on. The one of a batch makes a single attempt and takes the
   * generation of the call; `consumer.commitOffsets` retries into the next generation instead.
   */
  use(commitOffsets: CommitOffsets): void {
    this.#commitOffsets = commitOffsets;
  }

  /** Rejects when the broker doesn't take them; calling it again later is then enough. */
  async commit(partitions: Iterable<AssignedPartition>): Promise<void> {
    const advanced: Advanced[] = [];
    for (const partition of partitions) {
      const { joinedTo, rests } = partition;
      const offset = offsetToCommit(partition);
      if (offset !== undefined && hasNews(partition, offset)) {
        advanced.push({ partition, offset, joinedTo: joinedTo ?? restingAt(partition), rests });
      }
    }
    if (advanced.length === 0 || !this.#commitOffsets) return;
    this.#underWay += 1;
    try {
      await this.#commitOffsets(toTopics(advanced));
    } finally {
      this.#underWay -= 1;
    }
    stepDone('committed');
    for (const { partition, offset, joinedTo, rests } of advanced) {
      partition.committed = offset;
      partition.committedJoinedTo = joinedTo;
      partition.committedRests = rests;
    }
  }
}

interface Advanced {
  readonly partition: AssignedPartition;
  readonly offset: number;
  readonly joinedTo: number | undefined;
  readonly rests: number;
}

/** What was read; where that is nothing yet, the offset of the group again, so that others hear of a rest. */
function offsetToCommit(partition: AssignedPartition): number | undefined {
  return partition.watermark.offset ?? restingAt(partition);
}

function restingAt({ rests, groupOffset = -1 }: AssignedPartition): number | undefined {
  return rests > 0 && groupOffset >= 0 ? groupOffset : undefined;
}

/** Also when only what others wait for has moved: one postback that is tried again would hold them all up. */
function hasNews(partition: AssignedPartition, offset: number): boolean {
  const { committed = -1, joinedTo = -1, committedJoinedTo = -1 } = partition;
  if (offset < committed) return false;
  return (
    offset > committed ||
    joinedTo > Math.max(committedJoinedTo, committed) ||
    partition.rests > partition.committedRests
  );
}

function toTopics(advanced: readonly Advanced[]) {
  const byTopic = Map.groupBy(advanced, ({ partition }) => partition.topic);
  return {
    topics: Array.from(byTopic, ([topic, entries]) => ({
      topic,
      partitions: entries.map(({ partition, offset, joinedTo, rests }) => ({
        partition: partition.partition,
        offset: String(offset),
        metadata: joinedMetadata(joinedTo, rests),
      })),
    })),
  };
}
