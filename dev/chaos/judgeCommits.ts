import type { Evidence, RecordPlace } from './evidence.ts';
import { conversionId } from './judgeSends.ts';
import type { CommitSample } from './offsetWatcher.ts';

/** I4: the samples in which a partition's committed offset was lower than before. */
export function findBackwardCommits(commits: readonly CommitSample[]): readonly CommitSample[] {
  const last = new Map<string, number>();
  return commits.filter(({ topic, partition, offset }) => {
    const name = `${topic}/${partition}`;
    const isBackward = offset < (last.get(name) ?? -1);
    last.set(name, offset);
    return isBackward;
  });
}

/** A commit beyond a conversion that had no outcome yet, as far as anybody outside could see. */
export interface EarlyCommit {
  readonly commit: CommitSample;
  readonly unsettled: RecordPlace;
  /** When it got its outcome; undefined if never. */
  readonly settledAt: number | undefined;
}

/** I3: a commit is never above the lowest record that Powerspace, or the dead-letter topic, hasn't got yet. */
export function findEarlyCommits(evidence: Evidence): readonly EarlyCommit[] {
  const settledAt = settledTimes(evidence);
  const places = Map.groupBy(evidence.kafka.places, nameOf);
  const early: EarlyCommit[] = [];
  for (const [name, commits] of Map.groupBy(evidence.commits, nameOf)) {
    const inOrder = (places.get(name) ?? []).toSorted((one, other) => one.offset - other.offset);
    let checked = 0;
    for (const commit of commits) {
      // What an earlier commit passed over was settled then, or reported.
      for (; (inOrder[checked]?.offset ?? Number.POSITIVE_INFINITY) < commit.offset; checked += 1) {
        const place = inOrder[checked] as RecordPlace;
        const settled = settledAt.get(place.key);
        if (settled === undefined || settled > commit.at) {
          early.push({ commit, unsettled: place, settledAt: settled });
        }
      }
    }
  }
  return early;
}

/** By record key: when its postback first got a 2xx, or its dead letter was produced. */
function settledTimes({ received, conversions, kafka }: Evidence): ReadonlyMap<string, number> {
  const delivered = new Map<string, number>();
  for (const entry of received) {
    const isRecorded = entry.status !== null && entry.status >= 200 && entry.status < 300;
    const id = conversionId(entry);
    if (isRecorded && !delivered.has(id)) delivered.set(id, entry.at);
  }
  const settled = new Map<string, number>();
  for (const [key, conversion] of conversions) {
    const at = delivered.get(conversionId(conversion)) ?? kafka.deadLetters.get(key)?.at;
    if (at !== undefined) settled.set(key, at);
  }
  return settled;
}

function nameOf({ topic, partition }: { topic: string; partition: number }): string {
  return `${topic}/${partition}`;
}
