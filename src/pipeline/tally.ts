import type { Metrics } from '../telemetry/metrics.ts';
import { type OutcomeName, outcomeNames } from './outcome.ts';

/** How many records ended how, since the connector started. */
export interface OutcomeReport {
  readonly records: number;
  readonly outcomes: Readonly<Record<OutcomeName, number>>;
  /** By reason, for the outcomes that have one: `skipped no-click`. */
  readonly reasons: Readonly<Record<string, number>>;
}

/** Metrics that also keep the sums, for reports at the end of a command. */
export function tallyOutcomes(metrics: Metrics): { metrics: Metrics; report: () => OutcomeReport } {
  const outcomes = new Map<string, number>();
  const reasons = new Map<string, number>();
  const add = (counts: Map<string, number>, name: string, count: number) =>
    counts.set(name, (counts.get(name) ?? 0) + count);
  return {
    metrics: {
      ...metrics,
      recordsSettled(topic, outcome, reason, count) {
        metrics.recordsSettled(topic, outcome, reason, count);
        add(outcomes, outcome, count);
        if (reason !== undefined) add(reasons, `${outcome} ${reason}`, count);
      },
    },
    report: () => ({
      records: [...outcomes.values()].reduce((sum, count) => sum + count, 0),
      outcomes: Object.fromEntries(
        outcomeNames.map((name) => [name, outcomes.get(name) ?? 0]),
      ) as Record<OutcomeName, number>,
      reasons: Object.fromEntries(
        [...reasons].toSorted(([one], [other]) => one.localeCompare(other)),
      ),
    }),
  };
}
