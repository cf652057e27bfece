import type { Verdict } from '../chaos/verdict.ts';
import type { MembersSeen } from './memberWatcher.ts';
import type { MemoryUse } from './memory.ts';
import type { OutageAnswer } from './powerspace.ts';
import type { Probing } from './probes.ts';
import type { Recovery } from './recovery.ts';

const mostMemoryGrowth = 50;
const mostProbesASecond = 1;
const longestRecovery = 5_000;

/** What a run has shown. */
export interface OutageFigures {
  readonly answer: OutageAnswer;
  readonly minutes: number;
  /** Produced during the outage, and not committed when it ended. */
  readonly recordsWaiting: number;
  readonly conversionsWaiting: number;
  readonly memory: MemoryUse;
  /** Undefined when the connector never stopped sending. */
  readonly probing: Probing | undefined;
  readonly members: MembersSeen;
  readonly recovery: Recovery | undefined;
  /** From the end of the outage until everything was committed. */
  readonly drainMilliseconds: number;
  readonly verdict: Verdict;
}

/** The same as the one JSON object that `--json` prints. */
export interface OutageReport extends OutageFigures {
  readonly holds: boolean;
  /** The limits of this tool's promise that were broken, in words. */
  readonly broken: readonly string[];
}

/** Holds what was seen against the limits. */
export function makeReport(figures: OutageFigures): OutageReport {
  const { memory, probing, members, recovery, verdict } = figures;
  const limits = [
    [memory.growth.held < mostMemoryGrowth, `it held ${mostMemoryGrowth} MB or more than before`],
    [memory.growth.most < mostMemoryGrowth, `memory grew by ${mostMemoryGrowth} MB or more`],
    [probing !== undefined, 'the connector never stopped sending'],
    [(probing?.mostInASecond ?? 0) <= mostProbesASecond, 'more than one probe came in a second'],
    [members.memberIds.length === 1 && members.unsettledLooks === 0, 'the group lost its member'],
    [recovery !== undefined, 'nothing was delivered after the outage'],
    [(recovery?.flowing ?? 0) <= longestRecovery, 'delivery took longer than 5 s to resume'],
  ] as const;
  const broken = limits.flatMap(([holds, what]) => (holds ? [] : [what]));
  const isSound = verdict.findings.every(({ count }) => count === 0);
  return { ...figures, broken, holds: isSound && broken.length === 0 };
}

/** The report as a table for a person. */
export function formatReport(report: OutageReport): string {
  const { memory, probing, members, recovery, verdict } = report;
  const findings = verdict.findings.filter(({ count }) => count > 0);
  return [
    `outage: ${report.answer} for ${report.minutes.toFixed(1)} minutes`,
    '',
    row('records waiting at its end', report.recordsWaiting),
    row('conversions among them', report.conversionsWaiting),
    row('memory at work before (MB): median / most', pair(memory.working)),
    row('memory in the outage (MB): median / most', pair(memory.down)),
    row('  the most grew by (MB; < 50)', memory.growth.most),
    row('held without garbage (MB): before / at its end', pair(memory.held)),
    row('  that grew by (MB; < 50)', memory.growth.held),
    row('memory most while catching up (MB)', memory.catchingUp),
    row('requests until it stopped sending, and in flight', probing?.requestsBefore ?? '-'),
    row('probes after that', probing?.probes ?? '-'),
    row('  the most in any second (≤ 1)', probing?.mostInASecond ?? '-'),
    row('looks at the group', members.looks),
    row('  members seen (1)', members.memberIds.length),
    row('  looks at which it was not stable with one (0)', members.unsettledLooks),
    row('wait for the next probe (ms)', recovery?.probeWait ?? '-'),
    row('  then: first delivery after (ms)', recovery?.firstDelivery ?? '-'),
    row('  deliveries flow after (ms; ≤ 5000)', recovery?.flowing ?? '-'),
    row('  first commit after (ms)', recovery?.firstCommit ?? '-'),
    row('all committed, from the end of the outage (ms)', report.drainMilliseconds),
    '',
    ...findings.flatMap(({ name, count, examples }) => [
      row(name, count),
      ...examples.map((example) => `    ${example}`),
    ]),
    ...report.broken.map((what) => `BROKEN: ${what}`),
    report.holds ? 'Every limit held.' : 'A LIMIT WAS BROKEN.',
  ].join('\n');
}

function pair(numbers: object): string {
  return Object.values(numbers).join(' / ');
}

function row(label: string, value: number | string): string {
  return `${label.padEnd(54)}${String(value).padStart(16)}`;
}
