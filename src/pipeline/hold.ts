import type { HoldReason } from '../powerspace/breaker.ts';
import type { Logger } from '../telemetry/log.ts';

const messages: Readonly<Record<HoldReason, string>> = {
  transient: 'Powerspace is failing: nothing is sent but a probe, until one gets through',
  setup: 'something between here and Powerspace is set up wrongly: nothing is sent but a probe',
  rejected: 'Powerspace rejects every postback: nothing is sent but a probe a minute',
};

/** Tells a hold when it begins or ends, and when its reason becomes another one: what mends it is another thing then. */
export function tellHold(
  log: Logger,
  before: HoldReason | undefined,
  hold: HoldReason | undefined,
  error: string,
): void {
  if (hold === before) return;
  if (hold === undefined) log.info({ hold: before }, 'postbacks flow again');
  else log.error({ hold, error }, messages[hold]);
}
