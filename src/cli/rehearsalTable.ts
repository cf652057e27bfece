import { recordName } from '../kafka/partitionName.ts';
import type { Rehearsed } from '../pipeline/rehearsal.ts';
import { alignColumns } from './columns.ts';

/** What records would become as a table, and below it what those of each topic would become in all. */
export function formatRehearsal(title: string, rehearsed: readonly Rehearsed[]): readonly string[] {
  const rows = rehearsed.map(({ record, outcome, reason, ...rest }) => [
    recordName(rest),
    record ?? '',
    outcome,
    reason ?? '',
    rest.request ?? rest.error ?? '',
  ]);
  const table = alignColumns([['record', 'as', 'outcome', 'reason', 'request or error'], ...rows]);
  return [title, ...(rows.length === 0 ? ['there are none'] : table), ...summarize(rehearsed)];
}

function summarize(rehearsed: readonly Rehearsed[]): readonly string[] {
  const byTopic = Map.groupBy(rehearsed, ({ topic }) => topic);
  return Array.from(byTopic, ([topic, own]) => {
    const kinds = Object.entries(countOutcomes(own));
    return `${topic}: ${kinds.map(([kind, count]) => `${count} ${kind}`).join(', ')}`;
  });
}

/** How many would have each outcome, told apart by their reasons: `{"skipped (no-click)": 3}`. */
export function countOutcomes(rehearsed: readonly Rehearsed[]): Readonly<Record<string, number>> {
  const kinds = Map.groupBy(rehearsed, ({ outcome, reason }) =>
    reason === undefined ? outcome : `${outcome} (${reason})`,
  );
  return Object.fromEntries(Array.from(kinds, ([kind, { length }]) => [kind, length]));
}
