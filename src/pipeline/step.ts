import type { RecordKind } from '../config/schema.ts';
import type { SourceRecord } from '../kafka/partition.ts';
import type { ProcessSpan } from '../telemetry/traces.ts';
import type { Outcome } from './outcome.ts';

/** A record, or one of the conversions that it reports, that has its outcome. */
export interface Settlement {
  readonly record: SourceRecord;
  /** What its mapping makes of it, where one applies. */
  readonly kind?: RecordKind | undefined;
  readonly outcome: Outcome;
  /** Its consumer span, where one was started. */
  readonly span?: ProcessSpan;
}

/**
 * What a step makes of a chunk: for each record either what the next step needs, or its outcome. A step
 * throws only UnavailableError ("the same chunk again, later") and what should end the process.
 */
export interface StepResult<Passed> {
  readonly passed: readonly Passed[];
  readonly settled: readonly Settlement[];
}

/** Applies a synchronous step, record by record. */
export function eachRecord<In, Passed extends object>(
  items: readonly In[],
  step: (item: In) => Passed | Settlement,
): StepResult<Passed> {
  const passed: Passed[] = [];
  const settled: Settlement[] = [];
  for (const item of items) {
    const result = step(item);
    if ('outcome' in result) settled.push(result);
    else passed.push(result);
  }
  return { passed, settled };
}
