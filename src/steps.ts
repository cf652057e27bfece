import { channel } from 'node:diagnostics_channel';

/** What has been done, in the order in which a record meets it; what lies between, the HTTP client tells itself. */
export type Step = 'decoded' | 'joined' | 'claimed' | 'recorded' | 'committed';

/** Where each step is told as `{ step }` once it is done, for profilers and for those who inject faults. */
export const stepChannel = 'powerspace-connector:step';

const steps = channel(stepChannel);

/** Tells that a step is done; costs next to nothing while nobody listens. */
export function stepDone(step: Step): void {
  if (steps.hasSubscribers) steps.publish({ step });
}
