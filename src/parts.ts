import { readFileSync } from 'node:fs';
import type { SchemaRegistry } from './avro/registry.ts';
import { type AvroSchema, parseSchema } from './avro/schema.ts';
import type { LoadedConfig } from './config/load.ts';
import { formatSetting } from './config/settingPath.ts';
import {
  ConfigurationError,
  formatProblem,
  type Problem,
  toError,
  UnavailableError,
} from './errors.ts';
import { connectAdmin, type KafkaAdmin } from './kafka/admin.ts';
import { createAdminKafka, createKafka } from './kafka/client.ts';
import { DeadLetters, deadLetterTopic } from './kafka/deadLetters.ts';
import { checkMappings, checkTopics, schemasOfTopic } from './pipeline/mappingCheck.ts';
import { createPowerspaceClient } from './powerspace/client.ts';
import { openSources } from './sources.ts';
import { openStore } from './store/open.ts';
import { kafkaLog, type Logger, quietKafkaLog } from './telemetry/log.ts';
import { startTelemetry, warnOfTelemetryFailures } from './telemetry/sdk.ts';

/** What the connector works with, opened. */
export type Parts = Awaited<ReturnType<typeof openParts>>;

/**
 * Opens all parts and notes in `opened` how to close them. Throws ConfigurationError when the set-up can't
 * work, UnavailableError when a part can't be reached.
 */
export async function openParts(loaded: LoadedConfig, log: Logger, opened: AsyncDisposableStack) {
  const { config } = loaded;
  const schemas = readSchemas(loaded);
  log.info({ brokers: config.kafka.brokers }, 'connecting');
  const admin = await connectAdmin(
    createAdminKafka(config.kafka, quietKafkaLog(log)),
    config.kafka,
  );
  opened.defer(admin.close);
  const { registry, source } = await openSources(config, log, opened);
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
  return { config, telemetry, kafka, admin, source, schemas, store, client, deadLetters };
}

interface Checked {
  readonly admin: KafkaAdmin;
  readonly registry: SchemaRegistry | undefined;
  readonly schemas: ReadonlyMap<string, AvroSchema>;
}

/** What the set-up can't work without is looked at before the first record is read. */
async function checkBeforeReading(
  loaded: LoadedConfig,
  log: Logger,
  { admin, registry, schemas }: Checked,
): Promise<void> {
  const problems: readonly Problem[] = [
    ...checkTopics(loaded, await admin.topics()),
    ...(await checkMappings(loaded, schemasOfTopic(registry, schemas)).catch((thrown) =>
      doWithoutRegistry(thrown, registry),
    )),
  ];
  if (problems.some(({ severity }) => severity === 'error')) throw new ConfigurationError(problems);
  for (const problem of problems) log.warn(formatProblem(problem));
}

/** A restart in an outage of the registry goes on with the schemas that were kept; what lacks one waits. */
async function doWithoutRegistry(
  thrown: unknown,
  registry: SchemaRegistry | undefined,
): Promise<readonly Problem[]> {
  const isOutage = thrown instanceof UnavailableError && (await registry?.hasSavedSchemas());
  if (!isOutage) throw thrown;
  const message = `${thrown.message}; going on with the schemas that were kept, so the fields of the mappings aren't checked`;
  return [{ severity: 'warning', setting: 'registry.url', message }];
}

/** The schemas that the configuration names as files, by name. Throws ConfigurationError for a bad one. */
export function readSchemas({
  config,
  file,
  locate,
}: LoadedConfig): ReadonlyMap<string, AvroSchema> {
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
