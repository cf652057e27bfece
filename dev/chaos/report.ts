import type { Evidence } from './evidence.ts';
import type { Peaks } from './processSampler.ts';
import { type RecoveryTimes, recoveryTimes } from './recovery.ts';
import type { Verdict } from './verdict.ts';

/** What a run has shown, as the one JSON object that `--json` prints. */
export interface ChaosReport {
  readonly seed: number;
  readonly minutes: number;
  readonly holds: boolean;
  /** Acknowledged, without what the producer repeated by itself. */
  readonly records: number;
  readonly recordsInKafka: number;
  readonly conversions: number;
  readonly deadLetters: number;
  readonly connectorStarts: number;
  /** Faults by kind, with the time that recovery took. */
  readonly faults: Readonly<Record<string, RecoveryTimes>>;
  readonly postbacks: { readonly received: number; readonly byStatus: Record<string, number> };
  readonly verdict: Verdict;
  readonly commitLooks: number;
  readonly peaks: Peaks;
  /** From the last fault until everything was committed. */
  readonly drainMilliseconds: number;
}

/** What the report needs beside the evidence. */
export interface RunFigures {
  readonly seed: number;
  readonly minutes: number;
  readonly connectorStarts: number;
  readonly commitLooks: number;
  readonly peaks: Peaks;
  readonly drainMilliseconds: number;
}

/** Puts evidence and verdict together. */
export function makeReport(evidence: Evidence, verdict: Verdict, figures: RunFigures): ChaosReport {
  const byStatus = Map.groupBy(evidence.received, ({ status }) => String(status ?? 'none'));
  return {
    ...figures,
    holds: verdict.findings.every(({ count }) => count === 0),
    records: evidence.acknowledged,
    recordsInKafka: evidence.kafka.records,
    conversions: evidence.conversions.size,
    deadLetters: evidence.kafka.deadLetters.size,
    faults: recoveryTimes(evidence.faults, evidence.received),
    postbacks: {
      received: evidence.received.length,
      byStatus: Object.fromEntries(Array.from(byStatus, ([status, own]) => [status, own.length])),
    },
    verdict,
  };
}

/** The report as tables for a person. */
export function formatReport(report: ChaosReport): string {
  const { verdict, peaks, postbacks } = report;
  return [
    `chaos: ${report.minutes.toFixed(1)} minutes, seed ${report.seed}`,
    '',
    row('records acknowledged', report.records),
    row('records in Kafka', report.recordsInKafka),
    row('conversions', report.conversions),
    row('postbacks received', postbacks.received),
    ...Object.entries(postbacks.byStatus).map(([status, count]) => row(`  ${status}`, count)),
    row('dead letters', report.deadLetters),
    row('orders before their lead', verdict.ordersBeforeLead),
    row('processes of the connector', report.connectorStarts),
    row('looks at the committed offsets', report.commitLooks),
    row('drained in (ms)', report.drainMilliseconds),
    row('peak memory (MB)', peaks.residentMegabytes),
    row('peak descriptors / sockets', `${peaks.descriptors} / ${peaks.sockets}`),
    '',
    `${row('fault', 'count')}  recovered after (ms): median, longest`,
    ...Object.entries(report.faults).map(
      ([kind, { count, median, longest }]) => `${row(kind, count)}  ${median}, ${longest}`,
    ),
    '',
    row('sent again after a final answer, by cause', ''),
    ...Object.entries(verdict.repeatedSends).map(([kind, count]) => row(`  ${kind}`, count)),
    row('  the most by one kill or pause', verdict.mostByOneKill),
    '',
    row('must not be', 'cases'),
    ...verdict.findings.flatMap(({ name, count, examples }) => [
      row(name, count),
      ...examples.map((example) => `    ${example}`),
    ]),
    '',
    report.holds ? 'Every invariant held.' : 'AN INVARIANT WAS BROKEN.',
  ].join('\n');
}

function row(label: string, value: number | string): string {
  return `${label.padEnd(54)}${String(value).padStart(12)}`;
}
