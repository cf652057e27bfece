import type { Clock } from '../clock.ts';
import type { AssignedPartition, SourceRecord } from '../kafka/partition.ts';
import { partitionName } from '../kafka/partitionName.ts';
import type { CrashedRange, RecordRange, WorkLog } from '../store/store.ts';
import type { Logger } from '../telemetry/log.ts';
import type { UntilAvailable } from './availability.ts';
import { deadLettered, type Outcome } from './outcome.ts';
import type { StepResult } from './step.ts';

/** A record at work on which so many processes in a row ended is not worked on any more. */
const mostCrashes = 3;
const forgetInterval = 1_000;

/** What the quarantine needs. */
export interface QuarantineParts {
  readonly workLog: WorkLog;
  readonly untilAvailable: UntilAvailable;
  readonly clock: Clock;
  readonly log: Logger;
  /** Ends the look-out for what may be forgotten. */
  readonly stopping: AbortSignal;
  /** Something failed that no retry mends. */
  readonly onFailure: (thrown: unknown) => void;
}

/**
 * Keeps a record that ends the process from doing so for ever. Synchronous steps are run through `guard`, which
 * notes what they work on; nothing is awaited meanwhile, or an outage would put the blame on healthy records.
 * What a process was at work on when it ended the next ones work on record by record, and a record that has
 * ended three goes to the dead letters unread. Once they are committed all that is forgotten.
 */
export class Quarantine {
  readonly #parts: QuarantineParts;
  #crashed: readonly CrashedRange[] | undefined;
  /** Of the partitions that a crash was in, as they are owned now. */
  readonly #sources = new Map<string, AssignedPartition>();

  constructor(parts: QuarantineParts) {
    this.#parts = parts;
  }

  /** The step, with what it works on noted; `recordOf` tells the record of an item. */
  guard<Item, Passed>(
    recordOf: (item: Item) => SourceRecord,
    step: (items: readonly Item[]) => StepResult<Passed>,
  ): (items: readonly Item[]) => Promise<StepResult<Passed>> {
    return async (items) => {
      if (items.length === 0) return { passed: [], settled: [] };
      this.#crashed ??= await this.#findCrashed();
      const work = (some: readonly Item[]) => this.#work(some, recordOf, step);
      if (this.#crashed.length === 0) return work(items);
      const results: StepResult<Passed>[] = [];
      for (const { some, record } of this.#apart(items, recordOf)) {
        results.push(this.#quarantine(record) ?? (await work(some)));
      }
      return {
        passed: results.flatMap(({ passed }) => passed),
        settled: results.flatMap(({ settled }) => settled),
      };
    };
  }

  /** What the step throws leaves the note behind: that ends the process too. */
  async #work<Item, Passed>(
    items: readonly Item[],
    recordOf: (item: Item) => SourceRecord,
    step: (items: readonly Item[]) => StepResult<Passed>,
  ): Promise<StepResult<Passed>> {
    const { workLog, untilAvailable } = this.#parts;
    const ranges = rangesOf(items, recordOf);
    await untilAvailable(() => workLog.begin(ranges));
    const result = step(items);
    await untilAvailable(() => workLog.end());
    return result;
  }

  async #findCrashed(): Promise<readonly CrashedRange[]> {
    const { workLog, untilAvailable, log } = this.#parts;
    const crashed = await untilAvailable(() => workLog.crashed());
    if (crashed.length > 0) {
      log.warn({ crashed }, 'the process ended at work on these records; each is worked on alone');
      this.#forgetWhatIsCommitted();
    }
    return crashed;
  }

  /** In order: each record that was worked on in a crash alone, the others between them together. */
  #apart<Item>(
    items: readonly Item[],
    recordOf: (item: Item) => SourceRecord,
  ): readonly Part<Item>[] {
    const parts: Part<Item>[] = [];
    let together: Item[] | undefined;
    for (const item of items) {
      const record = recordOf(item);
      this.#sources.set(partitionName(record), record.source);
      if (this.#crashesAt(record) > 0) {
        parts.push({ some: [item], record });
        together = undefined;
      } else if (together) {
        together.push(item);
      } else {
        together = [item];
        parts.push({ some: together, record });
      }
    }
    return parts;
  }

  /** How many processes in a row ended at work on it: alone, and of those at work on others too only one. */
  #crashesAt({ topic, partition, offset }: SourceRecord): number {
    let alone = 0;
    let amongOthers = 0;
    for (const range of this.#crashed ?? []) {
      const { firstOffset, lastOffset, crashes } = range;
      if (offset < firstOffset || offset > lastOffset) continue;
      if (range.partition !== partition || range.topic !== topic) continue;
      if (firstOffset === lastOffset) alone += crashes;
      else amongOthers = 1;
    }
    return alone + amongOthers;
  }

  /** How a record ends that is not to be worked on; undefined for all others. */
  #quarantine(record: SourceRecord): StepResult<never> | undefined {
    const crashes = this.#crashesAt(record);
    if (crashes < mostCrashes) return undefined;
    const { topic, partition, offset } = record;
    this.#parts.log.error(
      { topic, partition, offset, crashes },
      'a record goes to the dead letters unread: the process ended whenever it was at work on it',
    );
    return { passed: [], settled: [{ record, outcome: quarantined(crashes) }] };
  }

  #forgetWhatIsCommitted(): void {
    const { clock, stopping, onFailure } = this.#parts;
    const forget = async () => {
      do await clock.wait(forgetInterval, stopping);
      while ((await this.#forgetCommitted()) > 0);
    };
    forget().catch((thrown) => {
      if (!stopping.aborted) onFailure(thrown);
    });
  }

  /** Not before: read once more, it would end the process once more. Returns how many are left. */
  async #forgetCommitted(): Promise<number> {
    const { workLog, untilAvailable } = this.#parts;
    const isOver = (range: CrashedRange) =>
      (this.#sources.get(partitionName(range))?.committed ?? 0) > range.lastOffset;
    const over = this.#crashed?.filter(isOver) ?? [];
    if (over.length > 0) await untilAvailable(() => workLog.forget(over));
    this.#crashed = this.#crashed?.filter((range) => !over.includes(range)) ?? [];
    return this.#crashed.length;
  }
}

/** Items that are worked on together, and the record of the first. */
interface Part<Item> {
  readonly some: readonly Item[];
  readonly record: SourceRecord;
}

function quarantined(crashes: number): Outcome {
  return deadLettered(
    'undecodable',
    `the process ended ${crashes} times in a row while it was at work on this record, so it was not read again; look at the bytes of this dead letter, and at how the process ended, before it is produced again`,
  );
}

/** From the first to the last record of each partition. */
function rangesOf<Item>(
  items: readonly Item[],
  recordOf: (item: Item) => SourceRecord,
): readonly RecordRange[] {
  const ranges = new Map<AssignedPartition, { first: number; last: number }>();
  let source: AssignedPartition | undefined;
  let range = { first: 0, last: 0 };
  for (const item of items) {
    const record = recordOf(item);
    if (record.source !== source) {
      source = record.source;
      range = ranges.get(source) ?? { first: record.offset, last: record.offset };
      ranges.set(source, range);
    }
    range.first = Math.min(range.first, record.offset);
    range.last = Math.max(range.last, record.offset);
  }
  return Array.from(ranges, ([{ topic, partition }, { first, last }]) => ({
    ...{ topic, partition, firstOffset: first, lastOffset: last },
  }));
}
