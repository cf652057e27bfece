import { createRegistry } from '../avro/registry.ts';
import type { LoadedConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import type { Problem } from '../errors.ts';
import { connectAdmin } from '../kafka/admin.ts';
import { createAdminKafka } from '../kafka/client.ts';
import { deadLetterTopic } from '../kafka/deadLetters.ts';
import { readSchemas } from '../parts.ts';
import { mappingPaths } from '../pipeline/eventMapping.ts';
import { checkMappings, checkTopics, schemasOfTopic } from '../pipeline/mappingCheck.ts';
import { createPowerspaceClient } from '../powerspace/client.ts';
import { countStore, describeStore } from '../store/open.ts';
import { createLog, quietKafkaLog } from '../telemetry/log.ts';

/** A part that `run` needs. */
export interface Part {
  /** As a person calls it. */
  readonly name: string;
  /** The setting that says where it is. */
  readonly setting: string;
  readonly address: (config: Config) => string;
  /** Looks at it, and changes nothing there. Throws when it can't be looked at. */
  readonly look: (loaded: LoadedConfig) => Promise<Look>;
}

/** What is there, in a few words, and what is wrong with it. */
interface Look {
  readonly found: string;
  readonly problems: readonly Problem[];
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
    address: ({ registry }) => registry?.url ?? 'schema files',
    look: lookAtSchemas,
  },
  {
    name: 'store',
    setting: 'store',
    address: ({ store }) => describeStore(store),
    look: lookAtStore,
  },
  {
    name: 'Powerspace',
    setting: 'powerspace.url',
    address: ({ powerspace }) => powerspace.url,
    look: lookAtPowerspace,
  },
];

async function lookAtKafka(loaded: LoadedConfig): Promise<Look> {
  const { kafka: settings, log, mappings } = loaded.config;
  const kafka = createAdminKafka(settings, quietKafkaLog(createLog(log.level)));
  const admin = await connectAdmin(kafka, settings);
  try {
    const topics = await admin.topics();
    const named = [...new Set(mappings.map(({ topic }) => topic))];
    const there = named.filter((topic) => topics.includes(topic)).length;
    const deadLetters = deadLetterTopic(settings.group);
    const creation = topics.includes(deadLetters) ? '' : ', which run creates';
    return {
      found: `${there} of ${named.length} topics are there; dead letters go to ${deadLetters}${creation}`,
      problems: checkTopics(loaded, topics),
    };
  } finally {
    await admin.close();
  }
}

async function lookAtSchemas(loaded: LoadedConfig): Promise<Look> {
  const { config } = loaded;
  const schemas = readSchemas(loaded);
  const registry = config.registry && createRegistry(config.registry);
  try {
    await registry?.ping();
    const problems = await checkMappings(loaded, schemasOfTopic(registry, schemas));
    const fields = config.mappings.flatMap(mappingPaths).length;
    return { found: `${fields} mapped fields looked up`, problems };
  } finally {
    await registry?.close();
  }
}

async function lookAtStore({ config, file, locate }: LoadedConfig): Promise<Look> {
  try {
    const counts = await countStore(config.store);
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
async function lookAtPowerspace({ config }: LoadedConfig): Promise<Look> {
  const { url, timeout } = config.powerspace;
  const client = createPowerspaceClient({ url, timeout, concurrency: 1 });
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
