import { createRegistry } from '../avro/registry.ts';
import type { LoadedConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { hasPatterns, isPattern, topicsOf } from '../config/topics.ts';
import { connectAdmin } from '../kafka/admin.ts';
import { createAdminKafka } from '../kafka/client.ts';
import { deadLetterTopic } from '../kafka/deadLetters.ts';
import { readSchemas } from '../parts.ts';
import { schemasByTopic } from '../pipeline/eventSchemas.ts';
import { checkMappings } from '../pipeline/mappingCheck.ts';
import { checkTopics, listTopics } from '../pipeline/topicCheck.ts';
import { createPowerspaceClient } from '../powerspace/client.ts';
import { countStore, describeStore } from '../store/open.ts';
import { createLog, quietKafkaLog } from '../telemetry/log.ts';
import type { CheckSession, Look, Part } from './checkedPart.ts';
import { clickTablePart } from './checkTable.ts';

/** Begins to check a configuration. */
export function startSession(loaded: LoadedConfig): CheckSession {
  let topics: Promise<readonly string[]> | undefined;
  return {
    loaded,
    clusterTopics() {
      topics ??= readTopics(loaded.config);
      return topics;
    },
  };
}

async function readTopics({ kafka: settings, log }: Config): Promise<readonly string[]> {
  const kafka = createAdminKafka(settings, quietKafkaLog(createLog(log.level)));
  const admin = await connectAdmin(kafka, settings);
  try {
    return await admin.topics();
  } finally {
    await admin.close();
  }
}

/** In the order in which a record meets them. */
export const partsToCheck: readonly Part[] = [
  {
    name: 'Kafka',
    setting: 'kafka.brokers',
    address: ({ kafka }) => kafka.brokers.join(', '),
    look: lookAtKafka,
  },
  {
    name: 'schemas',
    setting: 'registry.url',
    address: ({ registry }) => registry?.url.join(', ') ?? 'schema files',
    look: lookAtSchemas,
  },
  {
    name: 'store',
    setting: 'store',
    address: ({ store }) => describeStore(store),
    look: lookAtStore,
  },
  clickTablePart,
  {
    name: 'Powerspace',
    setting: 'powerspace.url',
    address: ({ powerspace }) => powerspace.url,
    look: lookAtPowerspace,
  },
];

async function lookAtKafka({ loaded, clusterTopics }: CheckSession): Promise<Look> {
  const { kafka: settings, mappings } = loaded.config;
  const topics = await clusterTopics();
  const wanted = [...new Set(mappings.flatMap(({ topic }) => topicsOf(topic, topics)))];
  const there = wanted.filter((topic) => topics.includes(topic)).length;
  const deadLetters = deadLetterTopic(settings.group);
  const creation = topics.includes(deadLetters) ? '' : ', which run creates';
  return {
    found: `${there} of ${wanted.length} topics are there; dead letters go to ${deadLetters}${creation}`,
    problems: checkTopics(loaded, topics),
    notes: mappings.flatMap(({ topic }, index) =>
      isPattern(topic)
        ? [`mappings[${index}] takes the topics ${listTopics(topicsOf(topic, topics))}`]
        : [],
    ),
  };
}

async function lookAtSchemas({ loaded, clusterTopics }: CheckSession): Promise<Look> {
  const { config } = loaded;
  const schemas = readSchemas(loaded);
  // Without its folder: a check creates nothing.
  const registry = config.registry && createRegistry({ ...config.registry, cache: undefined });
  try {
    await registry?.ping();
    // Without Kafka, whose part says so, patterns take no topic.
    const topics = hasPatterns(config.mappings) ? await clusterTopics().catch(() => []) : [];
    const { fields, ...checked } = await checkMappings(
      loaded,
      schemasByTopic(registry, schemas, topics),
    );
    return { found: `${fields} mapped fields looked up`, ...checked };
  } finally {
    await registry?.close();
  }
}

async function lookAtStore({ loaded: { config, file, locate } }: CheckSession): Promise<Look> {
  try {
    const counts = await countStore(config.store, config.privacy.hashKey);
    const found = counts
      ? `${counts.clicks} clicks, ${counts.conversions} conversions`
      : 'not there yet, run creates it';
    return { found, problems: [] };
  } catch (thrown) {
    if (!isInUse(thrown)) throw thrown;
    const message = 'another connector has it open; a second one could not run beside it';
    const problem = { message, setting: 'store', file, ...locate(['store']) };
    return { found: 'in use', problems: [{ severity: 'warning', ...problem }] };
  }
}

/** SQLITE_BUSY: what is checked may be the new configuration of a connector that runs. */
function isInUse(thrown: unknown): boolean {
  const cause = thrown instanceof Error ? thrown.cause : undefined;
  return cause instanceof Error && 'errcode' in cause && cause.errcode === 5;
}

/** Any answer will do: what a click id gets is not asked. */
async function lookAtPowerspace({ loaded: { config } }: CheckSession): Promise<Look> {
  const { url, timeout, ssl } = config.powerspace;
  const client = createPowerspaceClient({ url, timeout, ssl, concurrency: 1 });
  try {
    const startedAt = performance.now();
    const result = await client.get('/');
    if (result.type === 'answer') {
      return { found: `answers, in ${Math.round(performance.now() - startedAt)} ms`, problems: [] };
    }
    throw new Error(`no answer from ${url}: ${result.message} (powerspace.timeout ${timeout} ms)`);
  } finally {
    await client.close();
  }
}
