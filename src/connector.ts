import { startAdminServer } from './admin/server.ts';
import { systemClock } from './clock.ts';
import type { LoadedConfig } from './config/load.ts';
import { isPattern } from './config/topics.ts';
import { RecordConsumer } from './kafka/consumer.ts';
import { watchTopics } from './kafka/topicWatch.ts';
import { Lifecycle } from './lifecycle.ts';
import { observeGauges, readinessProblems } from './observe.ts';
import { openParts, type Parts } from './parts.ts';
import { assemblePipeline, topicStages } from './pipeline/assemble.ts';
import { defaultIntakeLimits } from './pipeline/intake.ts';
import { type OutcomeReport, tallyOutcomes } from './pipeline/tally.ts';
import { startRetention } from './store/retention.ts';
import { kafkaLog, type Logger } from './telemetry/log.ts';
import { createMetrics } from './telemetry/metrics.ts';
import { createTraces } from './telemetry/traces.ts';

/** What a connector is started from. */
export interface ConnectorOptions {
  readonly loaded: LoadedConfig;
  readonly log: Logger;
}

/** A connector that runs. */
export interface Connector {
  /** Where /health and /metrics are served. */
  readonly adminUrl: string;
  /** Rejects when it can't go on; it must be stopped all the same. */
  readonly failed: Promise<never>;
  /** What became of the records so far. */
  report(): OutcomeReport;
  /** Stops reading, ends what is in flight, commits, leaves the group. Cut short, it loses nothing. */
  stop(): Promise<void>;
}

/**
 * Opens the parts, wires the pipeline and starts to read. Throws ConfigurationError when the set-up can't
 * work, UnavailableError when a part can't be reached; what was opened is closed again, in reverse order.
 */
export async function startConnector({ loaded, log }: ConnectorOptions): Promise<Connector> {
  await using opened = new AsyncDisposableStack();
  const parts = await openParts(loaded, log, opened);
  const lifecycle = new Lifecycle();
  const { pipeline, consumer, ...wired } = wire(parts, lifecycle, log);
  const adminServer = await startAdminServer({
    listen: parts.config.admin.listen,
    problems: () => readinessProblems({ pipeline, consumer }),
    handleMetrics: parts.telemetry.handleMetrics,
  });
  opened.defer(adminServer.close);
  opened.defer(
    startRetention(parts.store.clicks, {
      window: parts.config.clicks.window,
      clock: systemClock,
      hasCaughtUp: () => consumer.hasCaughtUp,
      onFailure: (thrown) => log.warn({ err: thrown }, 'old clicks could not be removed'),
    }),
  );
  pipeline.run().catch(lifecycle.fail);
  await consumer.start();
  if (hasPatterns(parts.config)) opened.defer(watchPatterns(parts, consumer, log));
  log.info({ group: parts.config.kafka.group, admin: adminServer.url }, 'reading');

  const resources = opened.move();
  return {
    adminUrl: adminServer.url,
    failed: lifecycle.failed,
    report: wired.report,
    async stop() {
      consumer.pause();
      await lifecycle.stop(pipeline.drain);
      await consumer.stop();
      await resources.disposeAsync();
      log.info('stopped');
    },
  };
}

function hasPatterns({ mappings }: Parts['config']): boolean {
  return mappings.some(({ topic }) => isPattern(topic));
}

/** The topics that patterns choose from; nobody is asked where there are none. */
async function patternTopics({ config, admin }: Parts): Promise<readonly string[]> {
  return hasPatterns(config) ? admin.topics() : [];
}

function watchPatterns(parts: Parts, consumer: RecordConsumer, log: Logger) {
  const { mappings } = parts.config;
  const stop = watchTopics({
    ...{ clock: systemClock, log: kafkaLog(log), current: () => consumer.topics },
    find: async () => topicStages(mappings, await patternTopics(parts)).map(({ topic }) => topic),
    onNew: () => void consumer.rejoin(),
  });
  return async () => stop();
}

/** Joins pipeline and consumer: records one way, "slower" and "go on" the other. */
function wire(parts: Parts, lifecycle: Lifecycle, log: Logger) {
  const { config, telemetry, kafka, admin, store } = parts;
  const { metrics, report } = tallyOutcomes(createMetrics(telemetry.meter));
  const pipeline = assemblePipeline({
    ...parts,
    ...{ log, metrics, clock: systemClock },
    limits: defaultIntakeLimits,
    random: Math.random,
    traces: createTraces(telemetry.tracer, config.kafka.group),
    stopping: lifecycle.stopping,
    deadline: lifecycle.deadline,
    onFailure: lifecycle.fail,
  });
  const consumer = new RecordConsumer({
    ...{ kafka, settings: config.kafka, offsets: admin, clock: systemClock },
    topics: async () => topicStages(config.mappings, await patternTopics(parts)),
    log: kafkaLog(log),
    room: () => pipeline.intake.room,
    onRecords: (records) => pipeline.intake.add(records),
    onFailure: lifecycle.fail,
  });
  pipeline.intake.onFull = () => consumer.pause();
  pipeline.intake.onRoom = () => consumer.resume();
  observeGauges(metrics, { pipeline, consumer, store });
  return { pipeline, consumer, report };
}
