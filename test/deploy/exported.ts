import { startAdminServer } from '../../src/admin/server.ts';
import { type Observed, observeGauges, observeReadiness } from '../../src/observe.ts';
import { deadLetterReasons, type OutcomeName, skipReasons } from '../../src/pipeline/outcome.ts';
import type { AttemptClass } from '../../src/powerspace/answer.ts';
import type { HoldReason } from '../../src/powerspace/breaker.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { createMetrics, type Metrics } from '../../src/telemetry/metrics.ts';
import { startTelemetry } from '../../src/telemetry/sdk.ts';
import { parseMetrics, type Sample } from '../integration/prometheus.ts';

/** All names of a closed set: one that is missing, or is none, doesn't compile. */
const all = <Name extends string>(names: Readonly<Record<Name, true>>) =>
  Object.keys(names) as Name[];

const attemptClasses = all<AttemptClass>({
  ...{ delivered: true, rejected: true, setup: true, transient: true, ambiguous: true },
});
const postbackOutcomes: readonly OutcomeName[] = ['delivered', 'dead-lettered'];

/** Every series that `/metrics` can have. */
export async function exportedSeries(): Promise<readonly Sample[]> {
  return parseMetrics(await exportedText());
}

/** A scrape with every series that there can be, as the product's own exporter writes it. */
export async function exportedText(): Promise<string> {
  await using opened = new AsyncDisposableStack();
  const telemetry = await startTelemetry();
  opened.defer(telemetry.close);
  const store = openSqliteStore(':memory:');
  opened.defer(store.close);
  await store.clicks.save([{ userKey: 'user', clickId: 'click', at: 0 }]);
  const metrics = createMetrics(telemetry.meter);
  countEverything(metrics);
  observeReadiness(metrics, { problems: [] });
  const holds = all<HoldReason>({ transient: true, setup: true, rejected: true });
  observeGauges(metrics, { ...runningParts(holds[0]), store });
  const server = await startAdminServer({
    listen: '127.0.0.1:0',
    problems: () => [],
    handleMetrics: telemetry.handleMetrics,
    handleClicks: async () => {},
  });
  opened.defer(server.close);
  return (await fetch(`${server.url}/metrics`)).text();
}

function countEverything(metrics: Metrics): void {
  metrics.recordsSettled('orders', 'delivered', undefined, 1);
  metrics.recordsSettled('orders', 'duplicate', undefined, 1);
  for (const reason of skipReasons) metrics.recordsSettled('orders', 'skipped', reason, 1);
  for (const reason of deadLetterReasons) {
    metrics.recordsSettled('orders', 'dead-lettered', reason, 1);
  }
  metrics.valueMissing('orders');
  metrics.stoodStill('orders', 0);
  for (const table of ['clicks', 'ledger']) metrics.purged(table, 1);
  for (const kind of ['lead', 'order']) {
    for (const attemptClass of attemptClasses) metrics.attempted(kind, attemptClass, 1);
    for (const outcome of postbackOutcomes) metrics.postbackSettled(kind, outcome, 1);
    metrics.resent(kind);
  }
}

/** What the gauges read of parts that need Kafka. */
function runningParts(hold: HoldReason | undefined): Pick<Observed, 'pipeline' | 'consumer'> {
  const pipeline = {
    deliverer: { inFlight: 1, lastSuccessAt: 1 },
    intake: { heldRecords: 1 },
    outstanding: { oldest: { readAt: 1 } },
    breaker: { hold },
  };
  const consumer = { partitions: [{ topic: 'orders', partition: 0, lag: 1, uncommitted: 1 }] };
  return { pipeline, consumer } as unknown as Pick<Observed, 'pipeline' | 'consumer'>;
}
