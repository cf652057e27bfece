import { readFileSync } from 'node:fs';
import { startAdminServer } from './admin/server.ts';
import { createRegistry, type SchemaRegistry } from './avro/registry.ts';
import { type AvroSchema, parseSchema } from './avro/schema.ts';
import { systemClock } from './clock.ts';
import type { LoadedConfig } from './config/load.ts';
import { formatSetting } from './config/settingPath.ts';
import { ConfigurationError, formatProblem, type Problem, toError } from './errors.ts';
import { connectAdmin, type KafkaAdmin } from './kafka/admin.ts';
import { createKafka } from './kafka/client.ts';
import { RecordConsumer } from './kafka/consumer.ts';
import { DeadLetters, deadLetterTopic } from './kafka/deadLetters.ts';
import { observeGauges, readinessProblems } from './observe.ts';
import { assemblePipeline, topicStages } from './pipeline/assemble.ts';
import { checkMappings, checkTopics, schemasOfTopic } from './pipeline/mappingCheck.ts';
import { type OutcomeReport, tallyOutcomes } from './pipeline/tally.ts';
import { createPowerspaceClient } from './powerspace/client.ts';
import { openStore } from './store/open.ts';
import { startRetention } from './store/retention.ts';
import { kafkaLog, type Logger, quietKafkaLog } from './telemetry/log.ts';
import { createMetrics } from './telemetry/metrics.ts';
import { startTelemetry, warnOfTelemetryFailures } from './telemetry/sdk.ts';
import { createTraces } from './telemetry/traces.ts';

/** Time to end what is in flight when asked to stop; an answer of Powerspace takes 5 s at most. */
const drainDeadline = 25_000;

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
export async function startConnector(options: ConnectorOptions): Promise<Connector> {
  await using opened = new AsyncDisposableStack();
  const parts = await openParts(options, opened);
  const running = await startReading(options, parts, opened);
  const resources = opened.move();
  return {
    ...running,
    async stop() {
      await running.stop();
      await resources.disposeAsync();
      options.log.info('stopped');
    },
  };
}

type Parts = Awaited<ReturnType<typeof openParts>>;

async function openParts({ loaded, log }: ConnectorOptions, opened: AsyncDisposableStack) {
  const { config } = loaded;
  const schemas = readSchemas(loaded);
  log.info({ brokers: config.kafka.brokers }, 'connecting');
  const admin = await connectAdmin(createKafka(config.kafka, quietKafkaLog(log)), config.kafka);
  opened.defer(admin.close);
  const registry = config.registry && createRegistry(config.registry);
  opened.defer(async () => registry?.close());
  await checkBeforeReading(loaded, log, { admin, registry, schemas });
  const store = openStore(config.store);
  opened.defer(store.close);
  const client = createPowerspaceClient(config.powerspace);
  opened.defer(client.close);
  await admin.ensureTopic(deadLetterTopic(config.kafka.group));
  const kafka = createKafka(config.kafka, kafkaLog(log));
  const deadLetters = new DeadLetters(kafka, config.kafka.group);
  opened.defer(() => deadLetters.close());
  // The last, so that its gauges are read once more before the store is closed.
  warnOfTelemetryFailures(log);
  const telemetry = await startTelemetry();
  opened.defer(telemetry.close);
  return { config, telemetry, kafka, admin, registry, schemas, store, client, deadLetters };
}

/** What the set-up can't work without is looked at before the first record is read. */
async function checkBeforeReading(
  loaded: LoadedConfig,
  log: Logger,
  parts: {
    admin: KafkaAdmin;
    registry: SchemaRegistry | undefined;
    schemas: ReadonlyMap<string, AvroSchema>;
  },
): Promise<void> {
  const problems: readonly Problem[] = [
    ...checkTopics(loaded, await parts.admin.topics()),
    ...(await checkMappings(loaded, schemasOfTopic(parts.registry, parts.schemas))),
  ];
  if (problems.some(({ severity }) => severity === 'error')) throw new ConfigurationError(problems);
  for (const problem of problems) log.warn(formatProblem(problem));
}

/** The schemas that the configuration names as files, by name. Throws ConfigurationError for a bad one. */
export function readSchemas({ config, file, locate }: LoadedConfig) {
  const schemas = new Map<string, AvroSchema>();
  for (const [index, { schema }] of config.mappings.entries()) {
    if (schema === undefined || schemas.has(schema)) continue;
    const path = ['mappings', index, 'schema'];
    const place = { file, ...locate(path), setting: formatSetting(path) };
    schemas.set(schema, parseSchema(readSchemaFile(schema, place), schema));
  }
  return schemas;
}

function readSchemaFile(schema: string, place: Omit<Problem, 'severity' | 'message'>): string {
  try {
    return readFileSync(schema, 'utf8');
  } catch (thrown) {
    const message = `the schema file cannot be read: ${toError(thrown).message}`;
    throw new ConfigurationError([{ severity: 'error', ...place, message }]);
  }
}

async function startReading(
  { log }: ConnectorOptions,
  parts: Parts,
  opened: AsyncDisposableStack,
): Promise<Connector> {
  const { config, telemetry, kafka, admin, store } = parts;
  const failure = Promise.withResolvers<never>();
  // Whoever started the connector hears of it through `failed`, now or later.
  failure.promise.catch(() => undefined);
  const stopping = new AbortController();
  const deadline = new AbortController();
  const fail = (thrown: unknown) => {
    if (!stopping.signal.aborted) failure.reject(thrown);
  };
  const { metrics, report } = tallyOutcomes(createMetrics(telemetry.meter));
  const pipeline = assemblePipeline({
    ...parts,
    ...{ log, metrics, clock: systemClock, onFailure: fail },
    traces: createTraces(telemetry.tracer, config.kafka.group),
    stopping: stopping.signal,
    deadline: deadline.signal,
  });
  const consumer = new RecordConsumer({
    ...{ kafka, settings: config.kafka, offsets: admin, clock: systemClock, onFailure: fail },
    topics: topicStages(config.mappings),
    log: kafkaLog(log),
    onRecords: (records) => pipeline.intake.add(records),
  });
  pipeline.intake.onFull = () => consumer.pause();
  pipeline.intake.onRoom = () => consumer.resume();
  const observed = { pipeline, consumer, store };
  observeGauges(metrics, observed);
  const adminServer = await startAdminServer({
    listen: config.admin.listen,
    problems: () => readinessProblems(observed),
    handleMetrics: telemetry.handleMetrics,
  });
  opened.defer(adminServer.close);
  opened.defer(
    startRetention(store.clicks, {
      window: config.clicks.window,
      hasCaughtUp: () => consumer.partitions.every(({ lag }) => lag === 0),
      onFailure: (thrown) => log.warn({ err: thrown }, 'old clicks could not be removed'),
    }),
  );
  const running = pipeline.run().catch(fail);
  await consumer.start();
  log.info({ group: config.kafka.group, admin: adminServer.url }, 'reading');

  return {
    adminUrl: adminServer.url,
    failed: failure.promise,
    report,
    async stop() {
      consumer.pause();
      stopping.abort(new Error('stopping'));
      const timer = setTimeout(() => deadline.abort(new Error('no time left')), drainDeadline);
      await pipeline.drain();
      await running;
      clearTimeout(timer);
      await consumer.stop();
    },
  };
}
