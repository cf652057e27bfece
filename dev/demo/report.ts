import type { SandboxSummary } from '../../src/sandbox/sandbox.ts';
import type { ConnectorReport } from './connectorProcess.ts';
import type { GroupProgress } from './groupOffsets.ts';

/** What the demo has seen, from every side. */
export interface DemoResult {
  /** Records that the shop's producer had acknowledged. */
  readonly records: number;
  readonly report: ConnectorReport;
  readonly sandbox: SandboxSummary;
  readonly progress: GroupProgress;
}

/** What doesn't add up, in sentences; empty when each record has its outcome and Powerspace agrees. */
export function findDiscrepancies({ records, report, sandbox, progress }: DemoResult): string[] {
  const recorded = sandbox.leads + sandbox.orders;
  return [
    ...(report.records === records
      ? []
      : [`${records} records were produced, ${report.records} have an outcome`]),
    ...(recorded === report.outcomes.delivered
      ? []
      : [`${report.outcomes.delivered} are reported as delivered, ${recorded} were recorded`]),
    ...(progress.committed === progress.end
      ? []
      : [`the committed offsets are ${progress.end - progress.committed} behind the ends`]),
  ];
}

/** The result as the one JSON object that `demo --json` ends with. */
export function toJson({ records, report, sandbox, progress }: DemoResult): string {
  return JSON.stringify({
    records,
    outcomes: report.outcomes,
    sandbox: { leads: sandbox.leads, orders: sandbox.orders, value: sandbox.value },
    lost: records - report.records,
    committed: progress.committed,
  });
}

/** The result for a person: outcomes with their reasons, and what the sandbox saw. */
export function formatResult({ records, report, sandbox, progress }: DemoResult): string {
  const rows = Object.entries(report.outcomes).flatMap(([outcome, count]) => [
    row(outcome, count),
    ...Object.entries(report.reasons)
      .filter(([reason]) => reason.startsWith(`${outcome} `))
      .map(([reason, of]) => row(`  ${reason.slice(outcome.length + 1)}`, of)),
  ]);
  const answers = Object.entries(sandbox.byStatus).map(([status, count]) => `${count} × ${status}`);
  return [
    row('outcome', 'records'),
    ...rows,
    row('total', records),
    '',
    `Powerspace (the sandbox) recorded ${sandbox.leads} leads and ${sandbox.orders} orders worth ${sandbox.value} EUR,`,
    `and answered ${answers.join(', ')}.`,
    `Committed offsets add up to ${progress.committed}, the ends of the partitions to ${progress.end}.`,
  ].join('\n');
}

function row(label: string, value: number | string): string {
  return `${label.padEnd(24)}${String(value).padStart(8)}`;
}
