import type { Backfill } from '../backfill.ts';
import type { Config } from '../config/schema.ts';
import type { TimeSpan } from '../kafka/timeSpan.ts';
import type { Logger } from '../telemetry/log.ts';
import type { RunOptions } from './options.ts';
import { readTime } from './times.ts';
import { UsageError } from './usageError.ts';

/**
 * The span of the backfill that the options of `run` ask for; undefined where they ask for none. Without `--to` it ends
 * `now`. Throws UsageError.
 */
export function readSpan({ from, to, group }: RunOptions, now: number): TimeSpan | undefined {
  if (from === undefined) {
    if (to === undefined && group === undefined) return undefined;
    throw new UsageError('--to and --group belong to a backfill, which --from begins');
  }
  const span = {
    from: readTime('--from', from),
    to: to === undefined ? now : readTime('--to', to),
  };
  if (span.to > now) throw new UsageError(`--to "${to}" lies in the future`);
  if (span.from < span.to) return span;
  throw new UsageError(`--from "${from}" is not before --to`);
}

/**
 * The backfill of a span. Its group is named after its times, unless it is given: so the same times go on where they
 * ended, and others begin anew. Throws UsageError.
 */
export function nameBackfill(
  span: TimeSpan,
  { group }: RunOptions,
  { kafka }: Pick<Config, 'kafka'>,
): Backfill {
  if (group === kafka.group) {
    throw new UsageError(`--group "${group}" is the group of the connector: give another`);
  }
  const named = `${kafka.group}.backfill-${compact(span.from)}-${compact(span.to)}`;
  return { ...span, group: group ?? named };
}

/**
 * The group of a dry run that begins `now`. It is another each time: what one has read the next has to read again. Its
 * name begins with that of the group in whose place it reads, so that rules of access may be made for both.
 */
export function nameDryRun(
  { group }: RunOptions,
  { kafka }: Pick<Config, 'kafka'>,
  now: number,
): string {
  return `${group ?? kafka.group}.dry-run-${compact(now)}`;
}

/** Warns of a span in which conversions lie that are not in the ledger any more: they are sent again. */
export function warnOfForgotten({ from }: TimeSpan, { privacy }: Config, log: Logger): void {
  const known = Date.now() - privacy.ledgerRetention;
  if (from >= known) return;
  log.warn(
    { from: new Date(from).toISOString(), known: new Date(known).toISOString() },
    'the backfill goes back further than the ledger (privacy.ledgerRetention): what was sent before that is sent again',
  );
}

/** `20261101T000000Z`: colons are awkward where names of groups are used. */
function compact(time: number): string {
  return new Date(time).toISOString().replace('.000', '').replaceAll(/[-:]/g, '');
}
