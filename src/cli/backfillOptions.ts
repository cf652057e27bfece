import type { Backfill } from '../backfill.ts';
import type { Config } from '../config/schema.ts';
import type { RunOptions } from './options.ts';
import { readTime } from './times.ts';
import { UsageError } from './usageError.ts';

/**
 * The backfill that the options of `run` ask for; undefined where they don't. Without `--to` it ends with what is there
 * `now`. Its group is named after its times, so that the same times go on where they ended, and others begin anew. Throws
 * UsageError.
 */
export function readBackfill(
  { from: fromText, to: toText, group: name }: RunOptions,
  { kafka }: Pick<Config, 'kafka'>,
  now: number,
): Backfill | undefined {
  if (fromText === undefined) {
    if (toText === undefined && name === undefined) return undefined;
    throw new UsageError('--to and --group belong to a backfill, which --from begins');
  }
  const from = readTime('--from', fromText);
  const to = toText === undefined ? now : readTime('--to', toText);
  if (to > now)
    throw new UsageError(`--to "${toText}" lies in the future; without it, now is meant`);
  if (from >= to) throw new UsageError(`--from "${fromText}" is not before --to`);
  const group = name ?? `${kafka.group}.backfill-${compact(from)}-${compact(to)}`;
  if (group !== kafka.group) return { from, to, group };
  throw new UsageError(`--group "${group}" is the group of the connector: give another`);
}

/** `20261101T000000Z`: colons are awkward where names of groups are used. */
function compact(time: number): string {
  return new Date(time).toISOString().replace('.000', '').replaceAll(/[-:]/g, '');
}
