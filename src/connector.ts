import { ClickCollector } from './admin/clickCollector.ts';
import { startAdminServer } from './admin/server.ts';
import type { BackfillRun } from './backfill.ts';
import { systemClock } from './clock.ts';
import type { LoadedConfig } from './config/load.ts';
import { unlessAborted } from './deadline.ts';
import type { Effects } from './effects.ts';
import { RecordConsumer } from './kafka/consumer.ts';
import { Lifecycle } from './lifecycle.ts';
import { observeGauges, observeReadiness, Readiness } from './observe.ts';
import { openParts, type Parts } from './parts.ts';
import { assemblePipeline, topicStages } from './pipeline/assemble.ts';
import { Availability } from './pipeline/availability.ts';
import { defaultIntakeLimits } from './pipeline/intake.ts';
import { type OutcomeReport, tallyOutcomes } from './pipeline/tally.ts';
import { beginReading, type Reading } from './reading.ts';
import { startRetention } from './store/retention.ts';
import { kafkaLog, type Logger } from './telemetry/log.ts';
import { createMetrics, type Metrics } from './telemetry/metrics.ts';
import { warnOfTelemetryFailures } from './telemetry/sdk.ts';
import type { Traces } from './telemetry/traces.ts';

/** What a connector is started from. */
export interface ConnectorOptions {
  readonly loaded: LoadedConfig;
  readonly log: Logger;
  /** Ends the start, whatever it waits for. */
  readonly signal: AbortSignal;
  readonly reading: Reading;
  readonly effects: Effects;
}

/** A connector that runs. */
export interface Connector {
  /** Rejects when it can't go on; it must be stopped all the same. */
  readonly failed: Promise<never>;
  /** Of a backfill: resolves once all of it is settled and committed. It must be stopped all the same. */
  readonly complete: Promise<void> | undefined;
  /** What became of the records so far. */
  report(): OutcomeReport;
  /** What is still to be done, as far as is known. */
  remaining(): Remaining;
  /** Stops reading, ends what is in flight, commits, leaves the group. Cut short, it loses nothing. */
  stop(): Promise<void>;
}

/** Records that have no outcome yet. */
interface Remaining {
  /** Those that were read. */
  readonly waiting: number;
  /** Those that lie in Kafka. */
  readonly unread: number;
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
  reading,
  effects,
}: ConnectorOptions): Promise<Connector> {
  await using opened = new AsyncDisposableStack();
  const { kafka, admin } = loaded.config;
  const { group } = reading;
  const availability = new Availability(systemClock, log, Math.random);
  const readiness = new Readiness(availability);
  warnOfTelemetryFailures(log);
  const telemetry = await effects.startTelemetry();
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
    listen: group === kafka.group ? admin.listen : '127.0.0.1:0',
    problems: () => readiness.problems,
    handleMetrics: telemetry.handleMetrics,
    handleClicks: collector.handle,
  });
  opened.defer(adminServer.close);
  log.info({ brokers: kafka.brokers, admin: adminServer.url }, 'connecting');
  const opening = openParts({ loaded, effects, log, group, availability, signal }, opened);
  const parts = await unlessAborted(signal, opening);
  collector.open(parts.store.clicks);
  opened.defer(() => collector.close());
  // Its gauges are read once more before the store is closed.
  opened.defer(telemetry.close);
  const until = availability.untilReached(signal);
  const isFirstRun = await until(() => isEmpty(parts.store));
  const beginning = until(() => beginReading(reading, { ...parts, log }));
  const run = await unlessAborted(signal, beginning);
  const traces = effects.createTraces(telemetry.tracer, group);
  const wiring = { parts, traces, metrics, log, isFirstRun, group, run };
  const { pipeline, consumer, ...running } = startPipeline(wiring, opened);
  readiness.wired({ pipeline, consumer });
  const starting = until(() => consumer.start());
  await unlessAborted(signal, starting);
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
  readonly traces: Traces;
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
  const remaining = () => ({
    waiting: pipeline.intake.heldRecords,
    unread: consumer.partitions.reduce((sum, { lag }) => sum + lag, 0),
  });
  return { pipeline, consumer, report, remaining, failed: lifecycle.failed, complete };
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
function wire({ parts, traces, log, ...given }: Opened, lifecycle: Lifecycle) {
  const { isFirstRun, group, run } = given;
  const { config, kafka, admin, store } = parts;
  const { metrics, report } = tallyOutcomes(given.metrics);
  const pipeline = assemblePipeline({
    ...parts,
    ...{ log, metrics, traces, clock: systemClock },
    limits: defaultIntakeLimits,
    random: Math.random,
    isWithinSession: () => consumer.isWithinSession,
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
