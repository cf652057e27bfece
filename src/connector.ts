import { ClickCollector } from './admin/clickCollector.ts';
import { startAdminServer } from './admin/server.ts';
import { type Backfill, BackfillRun } from './backfill.ts';
import { systemClock } from './clock.ts';
import type { LoadedConfig } from './config/load.ts';
import { unlessAborted } from './deadline.ts';
import { RecordConsumer } from './kafka/consumer.ts';
import { Lifecycle } from './lifecycle.ts';
import { observeGauges, observeReadiness, Readiness } from './observe.ts';
import { openParts, type Parts } from './parts.ts';
import { assemblePipeline, topicStages } from './pipeline/assemble.ts';
import { Availability } from './pipeline/availability.ts';
import { defaultIntakeLimits } from './pipeline/intake.ts';
import { type OutcomeReport, tallyOutcomes } from './pipeline/tally.ts';
import { startRetention } from './store/retention.ts';
import { kafkaLog, type Logger } from './telemetry/log.ts';
import { createMetrics, type Metrics } from './telemetry/metrics.ts';
import { startTelemetry, type Telemetry, warnOfTelemetryFailures } from './telemetry/sdk.ts';
import { createTraces } from './telemetry/traces.ts';

/** What a connector is started from. */
export interface ConnectorOptions {
  readonly loaded: LoadedConfig;
  readonly log: Logger;
  /** Ends the start, whatever it waits for. */
  readonly signal: AbortSignal;
  /** Past events to be read instead of those that come. */
  readonly backfill?: Backfill | undefined;
}

/** A connector that runs. */
export interface Connector {
  /** Rejects when it can't go on; it must be stopped all the same. */
  readonly failed: Promise<never>;
  /** Of a backfill: resolves once all of it is settled and committed. It must be stopped all the same. */
  readonly complete: Promise<void> | undefined;
  /** What became of the records so far. */
  report(): OutcomeReport;
  /** Stops reading, ends what is in flight, commits, leaves the group. Cut short, it loses nothing. */
  stop(): Promise<void>;
}

/**
 * Serves health and metrics, opens the parts, wires the pipeline and starts to read. Parts that are away are
 * waited for, for as long as it takes. Throws ConfigurationError when the set-up can't work, and the reason of
 * `signal` when that aborts; what was opened is closed again, in reverse order.
 */
export async function startConnector({
  loaded,
  log,
  signal,
  backfill,
}: ConnectorOptions): Promise<Connector> {
  await using opened = new AsyncDisposableStack();
  const { kafka, admin } = loaded.config;
  const group = backfill?.group ?? kafka.group;
  const availability = new Availability(systemClock, log, Math.random);
  const readiness = new Readiness(availability);
  warnOfTelemetryFailures(log);
  const telemetry = await startTelemetry();
  opened.defer(telemetry.close);
  const metrics = createMetrics(telemetry.meter);
  observeReadiness(metrics, readiness);
  const collector = new ClickCollector({
    token: admin.token,
    clock: systemClock,
    wallClock: Date.now,
    onFailure: (reason) => log.error({ reason }, 'clicks of POST /clicks could not be stored'),
  });
  const adminServer = await startAdminServer({
    // Beside the connector, which has that port.
    listen: backfill ? '127.0.0.1:0' : admin.listen,
    problems: () => readiness.problems,
    handleMetrics: telemetry.handleMetrics,
    handleClicks: collector.handle,
  });
  opened.defer(adminServer.close);
  log.info({ brokers: kafka.brokers, admin: adminServer.url }, 'connecting');
  const opening = openParts({ loaded, log, group, availability, signal }, opened);
  const parts = await unlessAborted(signal, opening);
  collector.open(parts.store.clicks);
  opened.defer(() => collector.close());
  // Its gauges are read once more before the store is closed.
  opened.defer(telemetry.close);
  const until = availability.untilReached(signal);
  const isFirstRun = await until(() => isEmpty(parts.store));
  const beginning = backfill && until(() => BackfillRun.begin(backfill, { ...parts, log }));
  const run = await unlessAborted(signal, Promise.resolve(beginning));
  const wiring = { parts, telemetry, metrics, log, isFirstRun, group, run };
  const { pipeline, consumer, ...running } = startPipeline(wiring, opened);
  readiness.wired({ pipeline, consumer });
  const reading = until(() => consumer.start());
  await unlessAborted(signal, reading);
  log.info({ group, admin: adminServer.url }, 'reading');

  const resources = opened.move();
  return {
    ...running,
    async stop() {
      await resources.disposeAsync();
      log.info('stopped');
    },
  };
}

interface Opened {
  readonly parts: Parts;
  readonly telemetry: Telemetry;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Whether the store knows of no record. */
  readonly isFirstRun: boolean;
  readonly group: string;
  readonly run: BackfillRun | undefined;
}

async function isEmpty({ clicks, ledger }: Parts['store']): Promise<boolean> {
  return (await ledger.count()) === 0 && (await clicks.count()) === 0;
}

/** Lets the pipeline run, and notes in `opened` how it ends in good order. The consumer has yet to start. */
function startPipeline(wiring: Opened, opened: AsyncDisposableStack) {
  const { run } = wiring;
  const lifecycle = new Lifecycle();
  const { pipeline, consumer, metrics, report } = wire(wiring, lifecycle);
  // A backfill still needs the clicks of its time.
  if (!run) opened.defer(startRemoving(wiring, { consumer, metrics }));
  pipeline.run().catch(lifecycle.fail);
  opened.defer(() => consumer.stop());
  opened.defer(() => lifecycle.stop(pipeline.drain));
  opened.defer(() => consumer.pause());
  const complete = run?.untilComplete(() => consumer.partitions, lifecycle.stopping);
  complete?.catch(lifecycle.fail);
  return { pipeline, consumer, report, failed: lifecycle.failed, complete };
}

function startRemoving(
  { parts: { store, config }, log }: Opened,
  { consumer, metrics }: Pick<ReturnType<typeof wire>, 'consumer' | 'metrics'>,
): () => void {
  return startRetention(store, {
    window: config.clicks.window,
    ledgerRetention: config.privacy.ledgerRetention,
    clock: systemClock,
    hasCaughtUp: () => consumer.hasCaughtUp,
    onPurged: metrics.purged,
    onFailure: (thrown) => log.warn({ err: thrown }, 'old rows could not be removed'),
  });
}

/** Joins pipeline and consumer: records one way, "slower" and "go on" the other. */
function wire({ parts, telemetry, log, ...given }: Opened, lifecycle: Lifecycle) {
  const { isFirstRun, group, run } = given;
  const { config, kafka, admin, store } = parts;
  const { metrics, report } = tallyOutcomes(given.metrics);
  const pipeline = assemblePipeline({
    ...parts,
    ...{ log, metrics, clock: systemClock },
    limits: defaultIntakeLimits,
    random: Math.random,
    isWithinSession: () => consumer.isWithinSession,
    traces: createTraces(telemetry.tracer, group),
    stopping: lifecycle.stopping,
    deadline: lifecycle.deadline,
    onFailure: lifecycle.fail,
  });
  const consumer = new RecordConsumer({
    ...{ kafka, offsets: admin, clock: systemClock, isFirstRun },
    settings: { ...config.kafka, group },
    topics: (clusterTopics) =>
      topicStages(config.mappings, clusterTopics).filter(
        ({ topic }) => run?.hasTopic(topic) ?? true,
      ),
    ...(run && { endOf: (partition) => run.endOf(partition) }),
    log: kafkaLog(log),
    room: () => pipeline.intake.room,
    maxWait: config.clicks.maxWait,
    isWaiting: () => pipeline.availability.problems.length > 0,
    onStandstill: metrics.stoodStill,
    onRecords: (records) => pipeline.intake.add(run?.choose(records) ?? records),
    onAssigned: () => pipeline.deliverer.giveBackLost((record) => consumer.owns(record)),
    onFailure: lifecycle.fail,
  });
  pipeline.intake.onFull = () => consumer.pause();
  pipeline.intake.onRoom = () => consumer.resume();
  observeGauges(metrics, { pipeline, consumer, store });
  return { pipeline, consumer, metrics, report };
}
