import { type Connector, type ConnectorOptions, startConnector } from '../connector.ts';
import { withDeadline } from '../deadline.ts';
import type { Logger } from '../telemetry/log.ts';

/** Milliseconds that stopping may take: what is under way has 25 s to end (lifecycle.ts); orchestrators kill after 30 s. */
export const stopDeadline = 28_000;

/** What ends a run: a signal, an error, or that nothing is left of its span. */
export type Ending =
  | { readonly signal: NodeJS.Signals }
  | { readonly error: unknown }
  | { readonly isComplete: true };

/** Starts the connector; undefined where the signal came first: then all that was opened is closed. */
export async function startUnless(
  signalled: Promise<NodeJS.Signals>,
  options: Omit<ConnectorOptions, 'signal'>,
): Promise<Connector | undefined> {
  const starting = new AbortController();
  void signalled.then((signal) => starting.abort(signal));
  try {
    return await startConnector({ ...options, signal: starting.signal });
  } catch (thrown) {
    if (!starting.signal.aborted) throw thrown;
    options.log.info({ signal: await signalled }, 'stopped before anything was read');
    return undefined;
  }
}

/** Resolves with what ends the run, and logs it. The connector is still to be stopped. */
export async function untilEnded(
  connector: Connector,
  signalled: Promise<NodeJS.Signals>,
  log: Logger,
): Promise<Ending> {
  const endings: Promise<Ending>[] = [
    signalled.then((signal) => ({ signal })),
    connector.failed.catch((error: unknown) => ({ error })),
  ];
  if (connector.complete) endings.push(connector.complete.then(() => ({ isComplete: true })));
  const ending = await Promise.race(endings);
  if ('signal' in ending) log.info({ signal: ending.signal }, 'stopping');
  else if ('error' in ending) log.fatal({ err: ending.error }, 'the connector cannot go on');
  else log.info('the backfill is complete');
  return ending;
}

/** Whether it stopped in good order. */
export async function stopInTime(connector: Connector, log: Logger): Promise<boolean> {
  try {
    await withDeadline(connector.stop(), stopDeadline);
    return true;
  } catch (thrown) {
    log.error({ err: thrown }, 'not stopped in good order; the next run reads again what is open');
    return false;
  }
}
