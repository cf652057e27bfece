import { ClickCollector } from './admin/clickCollector.ts';
import { startAdminServer } from './admin/server.ts';
import { systemClock } from './clock.ts';
import type { LoadedConfig } from './config/load.ts';
import { unlessAborted } from './deadline.ts';
import { RecordConsumer } from './kafka/consumer.ts';
import { Lifecycle } from './lifecycle.ts';
import { observeGauges, Readiness } from './observe.ts';
import { openParts, type Parts } from './parts.ts';
import { assemblePipeline, topicStages } from './pipeline/assemble.ts';
import { Availability } from './pipeline/availability.ts';
import { defaultIntakeLimits } from './pipeline/intake.ts';
import { type OutcomeReport, tallyOutcomes } from './pipeline/tally.ts';
import { startRetention } from './store/retention.ts';
import { kafkaLog, type Logger } from './telemetry/log.ts';
import { createMetrics } from './telemetry/metrics.ts';
import { startTelemetry, type Telemetry, warnOfTelemetryFailures } from './telemetry/sdk.ts';
import { createTraces } from './telemetry/traces.ts';

/** What a connector is started from. */
export interface ConnectorOptions {
  readonly loaded: LoadedConfig;
  readonly log: Logger;
  /** Ends the start, whatever it waits for. */
  readonly signal: AbortSignal;
}

/** A connector that runs. */
export interface Connector {
  /** Rejects when it can't go on; it must be stopped all the same. */
  readonly failed: Promise<never>;
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
}: ConnectorOptions): Promise<Connector> {
  await using opened = new AsyncDisposableStack();
  const { kafka, admin } = loaded.config;
  const availability = new Availability(systemClock, log, Math.random);
  const readiness = new Readiness(availability);
  warnOfTelemetryFailures(log);
  const telemetry = await startTelemetry();
  opened.defer(telemetry.close);
  const collector = new ClickCollector({
    token: admin.token,
    clock: systemClock,
    onFailure: (reason) => log.error({ reason }, 'clicks of POST /clicks could not be stored'),
  });
  const adminServer = await startAdminServer({
    listen: admin.listen,
    problems: () => readiness.problems,
    handleMetrics: telemetry.handleMetrics,
    handleClicks: collector.handle,
  });
  opened.defer(adminServer.close);
  log.info({ brokers: kafka.brokers, admin: adminServer.url }, 'connecting');
  const opening = openParts({ loaded, log, availability, signal }, opened);
  const parts = await unlessAborted(signal, opening);
  collector.open(parts.store.clicks);
  opened.defer(() => collector.close());
  // Its gauges are read once more before the store is closed.
  opened.defer(telemetry.close);
  const isFirstRun = await availability.untilReached(signal)(() => isEmpty(parts.store));
  const wiring = { parts, telemetry, log, isFirstRun };
  const { pipeline, consumer, report, failed } = startPipeline(wiring, opened);
  readiness.wired({ pipeline, consumer });
  const reading = availability.untilReached(signal)(() => consumer.start());
  await unlessAborted(signal, reading);
  log.info({ group: kafka.group, admin: adminServer.url }, 'reading');

  const resources = opened.move();
  return {
    ...{ failed, report },
    async stop() {
      await resources.disposeAsync();
      log.info('stopped');
    },
  };
}

interface Opened {
  readonly parts: Parts;
  readonly telemetry: Telemetry;
  readonly log: Logger;
  /** Whether the store knows of no record. */
  readonly isFirstRun: boolean;
}

async function isEmpty({ clicks, ledger }: Parts['store']): Promise<boolean> {
  return (await ledger.count()) === 0 && (await clicks.count()) === 0;
}

/** Lets the pipeline run, and notes in `opened` how it ends in good order. The consumer has yet to start. */
function startPipeline(wiring: Opened, opened: AsyncDisposableStack) {
  const { parts, log } = wiring;
  const lifecycle = new Lifecycle();
  const { pipeline, consumer, metrics, report } = wire(wiring, lifecycle);
  opened.defer(
    startRetention(parts.store, {
      window: parts.config.clicks.window,
      ledgerRetention: parts.config.privacy.ledgerRetention,
      clock: systemClock,
      hasCaughtUp: () => consumer.hasCaughtUp,
      onPurged: metrics.purged,
      onFailure: (thrown) => log.warn({ err: thrown }, 'old rows could not be removed'),
    }),
  );
  pipeline.run().catch(lifecycle.fail);
  opened.defer(() => consumer.stop());
  opened.defer(() => lifecycle.stop(pipeline.drain));
  opened.defer(() => consumer.pause());
  return { pipeline, consumer, report, failed: lifecycle.failed };
}

/** Joins pipeline and consumer: records one way, "slower" and "go on" the other. */
function wire({ parts, telemetry, log, isFirstRun }: Opened, lifecycle: Lifecycle) {
  const { config, kafka, admin, store } = parts;
  const { metrics, report } = tallyOutcomes(createMetrics(telemetry.meter));
  const pipeline = assemblePipeline({
    ...parts,
    ...{ log, metrics, clock: systemClock },
    limits: defaultIntakeLimits,
    random: Math.random,
    isWithinSession: () => consumer.isWithinSession,
    traces: createTraces(telemetry.tracer, config.kafka.group),
    stopping: lifecycle.stopping,
    deadline: lifecycle.deadline,
    onFailure: lifecycle.fail,
  });
  const consumer = new RecordConsumer({
    ...{ kafka, settings: config.kafka, offsets: admin, clock: systemClock, isFirstRun },
    topics: (clusterTopics) => topicStages(config.mappings, clusterTopics),
    log: kafkaLog(log),
    room: () => pipeline.intake.room,
    maxWait: config.clicks.maxWait,
    isWaiting: () => pipeline.availability.problems.length > 0,
    onStandstill: metrics.stoodStill,
    onRecords: (records) => pipeline.intake.add(records),
    onAssigned: () => pipeline.deliverer.giveBackLost((record) => consumer.owns(record)),
    onFailure: lifecycle.fail,
  });
  pipeline.intake.onFull = () => consumer.pause();
  pipeline.intake.onRoom = () => consumer.resume();
  observeGauges(metrics, { pipeline, consumer, store });
  return { pipeline, consumer, metrics, report };
}
