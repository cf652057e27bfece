import type { Step } from '../../src/steps.ts';

/** Where a connector can be made to end: after a step, or after the request or its answer went over the wire. */
export type FailPoint = Step | 'request-written' | 'answer-read';

/** All of them, in the order in which a record meets them. */
export const failPoints = [
  ...(['decoded', 'joined', 'claimed', 'request-written'] as const),
  ...(['answer-read', 'recorded', 'committed'] as const),
] as const satisfies readonly FailPoint[];

/** The variable that names the point, for a process that has loaded `failPointModule`. */
export const failPointVariable = 'FAIL_POINT';

/** What `node --import` loads into the connector before its own program. */
export const failPointModule = new URL('./failPoint.ts', import.meta.url).href;
