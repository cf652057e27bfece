import { recordName } from '../kafka/partitionName.ts';
import type { DeadLetterReader, StoredDeadLetter } from '../kafka/storedDeadLetter.ts';
import { deadLetterReasons } from '../pipeline/outcome.ts';
import type { CommonOptions } from './options.ts';
import { readTime } from './times.ts';
import { UsageError } from './usageError.ts';

/** Options that choose dead letters. */
export interface DeadLetterOptions extends CommonOptions {
  readonly reason?: string;
  readonly topic?: string;
  readonly since?: string;
  readonly until?: string;
}

/** Whether a dead letter is one of those that were asked for. */
export type DeadLetterFilter = (letter: StoredDeadLetter) => boolean;

/** Throws UsageError. */
export function readFilter(options: DeadLetterOptions): DeadLetterFilter {
  const reasons = options.reason?.split(',').map(readReason);
  const since =
    options.since === undefined ? Number.NEGATIVE_INFINITY : readTime('--since', options.since);
  const until =
    options.until === undefined ? Number.POSITIVE_INFINITY : readTime('--until', options.until);
  return ({ reason, record, at }) =>
    (reasons?.includes(reason) ?? true) &&
    (options.topic === undefined || record.topic === options.topic) &&
    at >= since &&
    at < until;
}

function readReason(text: string): string {
  const reason = deadLetterReasons.find((each) => each === text.trim());
  if (reason) return reason;
  throw new UsageError(`--reason "${text}" is none of ${deadLetterReasons.join(', ')}`);
}

/**
 * Those that were asked for and that are the last word on their conversion: what was replayed and failed again, or was
 * repeated after a crash, has a later one. By their ids, in the order in which they came.
 */
export async function chooseDeadLetters<Kept>(
  reader: DeadLetterReader,
  filter: DeadLetterFilter,
  keep: (letter: StoredDeadLetter) => Kept,
): Promise<readonly Kept[]> {
  const chosen = new Map<string, { readonly at: number; readonly kept: Kept | undefined }>();
  for await (const letter of reader.all()) {
    const { record, kind } = letter;
    const conversion = `${recordName(record)} ${kind ?? ''}`;
    if ((chosen.get(conversion)?.at ?? Number.NEGATIVE_INFINITY) > letter.at) continue;
    const kept = filter(letter) ? keep(letter) : undefined;
    chosen.set(conversion, { at: letter.at, kept });
  }
  return Array.from(chosen.values(), ({ kept }) => kept).filter((kept) => kept !== undefined);
}
