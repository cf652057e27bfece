import Big from 'big.js';
import type { Connector } from '../connector.ts';
import type { DryRunRow } from '../pipeline/dryRunTally.ts';
import { alignColumns } from './columns.ts';

/** What a dry run has shown so far, as `run --dry-run --json` prints it. */
export type DryRunReport = ReturnType<typeof summarizeDryRun>;

const names = new Map([['delivered', 'would be sent']]);

/** Sums up what would have become of the records. */
export function summarizeDryRun(
  rows: readonly DryRunRow[],
  { report, remaining }: Pick<Connector, 'report' | 'remaining'>,
) {
  const sent = rows.filter(({ outcome }) => outcome === 'delivered');
  const countOf = (kind: string) =>
    sent.reduce((sum, { record, count }) => (record === kind ? sum + count : sum), 0);
  const value = sent.reduce((sum, row) => sum.plus(row.value ?? 0), new Big(0));
  return {
    records: report().records,
    ...remaining(),
    wouldBeSent: { leads: countOf('lead'), orders: countOf('order'), value: value.toFixed() },
    rows: rows.map((row) => ({ ...row, outcome: names.get(row.outcome) ?? row.outcome })),
  };
}

/** The same for a person to read, line by line. */
export function formatDryRun(summary: DryRunReport): readonly string[] {
  const { records, waiting, unread, wouldBeSent, rows } = summary;
  const { leads, orders, value } = wouldBeSent;
  const cells = rows.map(({ topic, record, outcome, reason, ...rest }) => [
    ...[topic, record ?? '', outcome, reason ?? ''],
    ...[String(rest.count), rest.value ?? ''],
  ]);
  return [
    `What records would become: ${records}, waiting ${waiting}, not read yet ${unread}. Nothing was sent or stored.`,
    ...alignColumns([['topic', 'as', 'outcome', 'reason', 'number', 'value'], ...cells]),
    `would be sent in all: leads ${leads}, orders ${orders}, value ${value}`,
    ...formatExamples(summary, 'would be sent'),
    ...formatExamples(summary, 'dead-lettered'),
  ];
}

function formatExamples({ rows }: DryRunReport, outcome: string): readonly string[] {
  const examples = rows.flatMap((row) => (row.outcome === outcome ? row.examples : []));
  if (examples.length === 0) return [];
  return [`${outcome}, for example:`, ...examples.map((example) => `  ${example}`)];
}
