import { alignColumns } from './columns.ts';
import type { Cause } from './reconcileCauses.ts';
import type { ComparedKind, Reconciliation } from './reconciliation.ts';

const hour = 3_600_000;

/** What `toReport` adds to the numbers. */
interface ReportOptions {
  /** A share: 0.01 is 1 %. */
  readonly tolerance: number;
  readonly causes: readonly Cause[];
}

/** What is printed as JSON. */
export type ReconciliationReport = ReturnType<typeof toReport>;

/** The reconciliation as it is printed as JSON; what is undefined is not there. */
export function toReport(
  { day, age, isFinal, isWithinTolerance, kinds }: Reconciliation,
  { tolerance, causes }: ReportOptions,
) {
  return {
    ...{ date: day.date, hoursSinceItsEnd: Math.round((age / hour) * 10) / 10, isFinal },
    ...{ tolerancePercent: Math.round(tolerance * 100_000) / 1_000, isWithinTolerance },
    kinds: kinds.map(({ ledger, ...compared }) => ({
      ...compared,
      deadLettered: ledger.deadLettered,
    })),
    causes,
  };
}

/** The same for a person, as lines. */
export function formatReconciliation(report: ReconciliationReport): readonly string[] {
  const { kinds, causes, tolerancePercent } = report;
  const rows = kinds.map((kind) => [
    ...[
      kind.kind,
      String(kind.ours),
      kind.theirs === undefined ? 'no field set' : `${kind.theirs}`,
    ],
    ...[signed(kind.difference), kind.percent === undefined ? '' : `${signed(kind.percent)} %`],
    kind.isWithinTolerance ? '' : `beyond ${tolerancePercent} %`,
  ]);
  const lost = kinds.flatMap(({ kind, deadLettered }) => formatDeadLetters(kind, deadLettered));
  return [
    `${report.date} in UTC, ${formatAge(report)}`,
    ...alignColumns([['', 'ledger', 'Powerspace', 'difference', '', ''], ...rows]),
    ...lost,
    ...(causes.length === 0 ? [] : ['', 'likeliest causes, first the likeliest:']),
    ...formatCauses(causes),
  ];
}

function formatAge({ hoursSinceItsEnd: hours, isFinal }: ReconciliationReport): string {
  if (hours < 0) return 'which is not over: not final';
  const age = hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} d`;
  return `which ended ${age} ago: ${isFinal ? 'final' : 'not final before it is 24 h'}`;
}

function signed(number: number | undefined): string {
  if (number === undefined) return '';
  return number > 0 ? `+${number}` : String(number);
}

function formatDeadLetters(
  kind: ComparedKind['kind'],
  deadLettered: Readonly<Record<string, number>>,
): readonly string[] {
  const reasons = Object.entries(deadLettered).map(([reason, count]) => `${count} ${reason}`);
  return reasons.length === 0 ? [] : [`dead letters of the day, ${kind}: ${reasons.join(', ')}`];
}

function formatCauses(causes: readonly Cause[]): readonly string[] {
  const rows = causes.flatMap(({ kind, atMost, cause, look }) => [
    [`  ${kind ?? 'all'}`, atMost === undefined ? '' : `at most ${atMost}`, cause],
    ['', '', `look at: ${look}`],
  ]);
  return alignColumns(rows);
}
