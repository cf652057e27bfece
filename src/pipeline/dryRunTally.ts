import Big from 'big.js';
import { recordName } from '../kafka/partitionName.ts';
import { postbackTarget } from '../powerspace/request.ts';
import { type TracedPostback, type Traces, unrecordedPostback } from '../telemetry/traces.ts';
import { formatAmount } from './money.ts';
import { outcomeNames } from './outcome.ts';

const mostExamples = 3;
const outcomeOrder: readonly string[] = outcomeNames;

/** What some records of a topic, or conversions that they report, would become: all of them the same. */
export interface DryRunRow {
  readonly topic: string;
  /** What a mapping makes of them, where one applies: click, lead or order. */
  readonly record: string | undefined;
  /** `delivered` are those that would be sent. */
  readonly outcome: string;
  readonly reason: string | undefined;
  readonly count: number;
  /** What orders that would be sent come to; undefined where none has a value. */
  readonly value: string | undefined;
  /** Of what would be sent a few URLs that differ, without the click ids; of dead letters a few records with their errors. */
  readonly examples: readonly string[];
}

/** Traces that are kept as sums, for the report of a run that sends nothing to `origin`. */
export function tallyTraces(origin: string): {
  readonly traces: Traces;
  /** By topic, kind and outcome. */
  readonly rows: () => readonly DryRunRow[];
} {
  const rows = new Map<string, DryRunRow>();
  const add = (row: Omit<DryRunRow, 'count'>) => {
    const name = JSON.stringify([row.topic, row.record, row.outcome, row.reason]);
    rows.set(name, sum(rows.get(name), row));
  };
  const traces: Traces = {
    // So that of each record it is told what becomes of it.
    isSampled: () => true,
    startProcess(source, record) {
      let postback: TracedPostback | undefined;
      return {
        traceId: undefined,
        startPostback(started) {
          postback = started;
          return unrecordedPostback;
        },
        end(outcome, reason, error) {
          const sent = outcome === 'delivered' ? postback : undefined;
          const url = sent && `${origin}${postbackTarget({ ...sent, clickId: '***' })}`;
          const failure = error && `${recordName(source)}: ${error}`;
          const examples = [url ?? failure].filter((example) => example !== undefined);
          add({ topic: source.topic, record, outcome, reason, value: sent?.value, examples });
        },
        abandon: () => undefined,
      };
    },
  };
  return { traces, rows: () => [...rows.values()].toSorted(inOrder) };
}

function sum(known: DryRunRow | undefined, row: Omit<DryRunRow, 'count'>): DryRunRow {
  if (known === undefined) return { ...row, count: 1 };
  const { value = row.value } = known;
  const isMore = known.value !== undefined && row.value !== undefined;
  return {
    ...known,
    count: known.count + 1,
    value: isMore ? formatAmount(new Big(known.value).plus(row.value)) : value,
    examples: [...new Set([...known.examples, ...row.examples])].slice(0, mostExamples),
  };
}

function inOrder(one: DryRunRow, other: DryRunRow): number {
  const nameOf = ({ record = '', reason = '' }: DryRunRow) => `${record} ${reason}`;
  return (
    one.topic.localeCompare(other.topic) ||
    outcomeOrder.indexOf(one.outcome) - outcomeOrder.indexOf(other.outcome) ||
    nameOf(one).localeCompare(nameOf(other))
  );
}
