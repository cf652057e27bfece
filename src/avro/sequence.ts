import type { Cursor } from './cursor.ts';
import type { FieldValue } from './fieldValue.ts';

/** Goes past a value, and puts what is wanted of it into `values`. */
export type Visit = (cursor: Cursor, values: FieldValue[]) => void;

/** Reads a value that belongs at a place in `values`. */
export interface Put {
  readonly read: (cursor: Cursor) => FieldValue;
  readonly place: number;
}

/*
 * Functions that call others, made as source as avsc makes its own: each call has a place of its own in it, so that
 * V8 compiles it together with what is called there. Loops over the same functions take half as long again.
 */

/** Takes the steps in turn. */
export function inSequence(steps: readonly (Visit | Put)[]): Visit {
  return compile(steps, steps.map(callOf).join('\n'));
}

/** Takes the step of the union's branch that is there. */
export function byBranch(steps: readonly (Visit | Put)[]): Visit {
  const cases = steps.map((step, index) => `case ${index}: ${callOf(step, index)} break;`);
  return compile(steps, `switch (cursor.readBranch(${steps.length})) {${cases.join('\n')}}`);
}

function callOf(step: Visit | Put, index: number): string {
  return typeof step === 'function'
    ? `step${index}(cursor, values);`
    : `values[${step.place}] = step${index}(cursor);`;
}

function compile(steps: readonly (Visit | Put)[], body: string): Visit {
  const names = steps.map((_, index) => `step${index}`);
  const functions = steps.map((step) => (typeof step === 'function' ? step : step.read));
  return new Function(...names, `return (cursor, values) => {${body}}`)(...functions);
}
