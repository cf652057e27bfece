import { readFileSync } from 'node:fs';
import type { SchemaRegistry } from './avro/registry.ts';
import { type AvroSchema, parseSchema } from './avro/schema.ts';
import type { LoadedConfig } from './config/load.ts';
import { placeInMapping } from './config/mappingPlace.ts';
import { hasPatterns } from './config/topics.ts';
import type { Effects } from './effects.ts';
import {
  ConfigurationError,
  formatProblem,
  type Problem,
  toError,
  UnavailableError,
} from './errors.ts';
import { connectAdmin, type KafkaAdmin } from './kafka/admin.ts';
import { createAdminKafka, createKafka } from './kafka/client.ts';
import type { Availability, UntilAvailable } from './pipeline/availability.ts';
import { type EventSchemasOf, schemasByTopic } from './pipeline/eventSchemas.ts';
import { checkMappings, type MappingCheck } from './pipeline/mappingCheck.ts';
import { checkTopics } from './pipeline/topicCheck.ts';
import { openSources } from './sources.ts';
import { readBothClicks } from './store/bothClicks.ts';
import { openClickTable } from './store/clickTable.ts';
import type { Store } from './store/store.ts';
import { kafkaLog, type Logger, quietKafkaLog } from './telemetry/log.ts';

/** What the connector works with, opened. */
export type Parts = Awaited<ReturnType<typeof openParts>>;

/** What opening needs. */
export interface OpeningParts {
  readonly loaded: LoadedConfig;
  /** How those are opened through which something is changed. */
  readonly effects: Effects;
  readonly log: Logger;
  /** The consumer group whose offsets count. */
  readonly group: string;
  /** Waits for parts that are away, and tells so. */
  readonly availability: Availability;
  /** Ends these waits. */
  readonly signal: AbortSignal;
}

/**
 * Opens all parts, waiting for those that are away for as long as it takes, and notes in `opened` how to close
 * them. Throws ConfigurationError, with every problem that could be found, when the set-up can't work, and the
 * reason of `signal` when that aborts.
 */
export async function openParts(given: OpeningParts, opened: AsyncDisposableStack) {
  const { loaded, effects, log, availability, signal } = given;
  const { config } = loaded;
  const schemas = readSchemas(loaded);
  const kafka = createKafka(config.kafka, kafkaLog(log));
  const deadLetters = effects.openDeadLetters(kafka, config.kafka.group);
  opened.defer(() => deadLetters.close());
  const client = effects.openClient(config.powerspace);
  opened.defer(client.close);
  const { registry, source } = await openSources(
    config,
    { cache: effects.schemaFolder(config), log },
    opened,
  );

  const failed = new AbortController();
  const until = availability.untilReached(AbortSignal.any([signal, failed.signal]));
  const connected = connectToTopics(given, until, opened);
  const patternTopics = hasPatterns(config.mappings) ? connected.then(({ topics }) => topics) : [];
  const checking = checkFields(given, until, {
    registry,
    schemasOf: async () => schemasByTopic(registry, schemas, await patternTopics),
  });
  const [{ admin }, store] = await allOrEveryProblem(failed, [
    connected,
    openClicksAndLedger(given, until, opened, failed),
    checking,
  ]);
  await until(() => deadLetters.prepare(admin, config.clicks.window));
  return { config, kafka, admin, source, schemas, store, client, deadLetters };
}

/** The store; where the user has a table with clicks, its clicks are read as well. */
async function openClicksAndLedger(
  { loaded: { config }, effects }: OpeningParts,
  until: UntilAvailable,
  opened: AsyncDisposableStack,
  failed: AbortController,
): Promise<Store> {
  const { table: settings } = config.clicks;
  const [store, table] = await allOrEveryProblem(failed, [
    until(async () => keep(await effects.openStore(config.store, config.privacy.hashKey), opened)),
    settings && until(async () => keep(await openClickTable(settings), opened)),
  ]);
  return table ? { ...store, clicks: readBothClicks(store.clicks, table) } : store;
}

/** What all of them resolve with. The first that fails ends the waits of the others; their problems are told together. */
async function allOrEveryProblem<const Openings extends readonly (Promise<unknown> | undefined)[]>(
  failed: AbortController,
  openings: Openings,
) {
  for (const opening of openings) opening?.catch((thrown) => failed.abort(thrown));
  const results = await Promise.allSettled(openings);
  const failures = new Set(
    results.map((result) => (result.status === 'rejected' ? result.reason : undefined)),
  );
  const faults = [...failures].filter((failure) => failure instanceof ConfigurationError);
  if (faults.length > 1) throw new ConfigurationError(faults.flatMap(({ problems }) => problems));
  return Promise.all(openings);
}

/** Has it closed with the others; at once where they are closed already, since nobody waits any more. */
async function keep<Part extends { readonly close: () => Promise<void> }>(
  part: Part,
  opened: AsyncDisposableStack,
): Promise<Part> {
  if (opened.disposed) await part.close();
  else opened.defer(part.close);
  return part;
}

async function connectToTopics(
  { loaded, log, group }: OpeningParts,
  until: UntilAvailable,
  opened: AsyncDisposableStack,
): Promise<{ readonly admin: KafkaAdmin; readonly topics: readonly string[] }> {
  const { kafka } = loaded.config;
  const client = createAdminKafka(kafka, quietKafkaLog(log));
  const admin = await until(async () =>
    keep(await connectAdmin(client, { ...kafka, group }), opened),
  );
  const topics = await until(admin.topics);
  failOnErrors(checkTopics(loaded, topics), log);
  return { admin, topics };
}

async function checkFields(
  { loaded, log }: OpeningParts,
  until: UntilAvailable,
  known: {
    readonly registry: SchemaRegistry | undefined;
    readonly schemasOf: () => Promise<EventSchemasOf>;
  },
): Promise<void> {
  const schemasOf = await known.schemasOf();
  const { problems, notes } = await until(() =>
    checkMappings(loaded, schemasOf).catch((thrown) => doWithoutRegistry(thrown, known.registry)),
  );
  failOnErrors(problems, log);
  for (const note of notes) log.info(note);
}

/** What the set-up can't work without ends the start; the rest is worth a warning. */
function failOnErrors(problems: readonly Problem[], log: Logger): void {
  if (problems.some(({ severity }) => severity === 'error')) throw new ConfigurationError(problems);
  for (const problem of problems) log.warn(formatProblem(problem));
}

/** A restart in an outage of the registry goes on with the schemas that were kept; what lacks one waits. */
async function doWithoutRegistry(
  thrown: unknown,
  registry: SchemaRegistry | undefined,
): Promise<Pick<MappingCheck, 'problems' | 'notes'>> {
  const isOutage = thrown instanceof UnavailableError && (await registry?.hasSavedSchemas());
  if (!isOutage) throw thrown;
  const message = `${thrown.message}; going on with the schemas that were kept, so the fields of the mappings aren't checked`;
  return { problems: [{ severity: 'warning', setting: 'registry.url', message }], notes: [] };
}

/** The schemas that the configuration names as files, by name. Throws ConfigurationError for a bad one. */
export function readSchemas(loaded: LoadedConfig): ReadonlyMap<string, AvroSchema> {
  const schemas = new Map<string, AvroSchema>();
  for (const [index, { schema }] of loaded.config.mappings.entries()) {
    if (schema === undefined || schemas.has(schema)) continue;
    const place = placeInMapping(loaded, index, ['schema']);
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
