import { createRegistry } from '../avro/registry.ts';
import { type LoadedConfig, loadConfig } from '../config/load.ts';
import { readSchemas } from '../connector.ts';
import { ConfigurationError, formatProblem, type Problem, toError } from '../errors.ts';
import { connectAdmin } from '../kafka/admin.ts';
import { createKafka } from '../kafka/client.ts';
import { checkMappings, checkTopics, schemasOfTopic } from '../pipeline/mappingCheck.ts';
import { createPowerspaceClient } from '../powerspace/client.ts';
import { openStore } from '../store/open.ts';
import { createLog, kafkaLog } from '../telemetry/log.ts';
import type { CommonOptions } from './program.ts';

/** Looks at all that `run` needs, sends nothing, and lists every problem found; 1 when one stops a run. */
export async function check(options: CommonOptions): Promise<number> {
  const problems = await findProblems(options.config);
  const isFit = problems.every(({ severity }) => severity !== 'error');
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ ok: isFit, problems })}\n`);
  } else {
    for (const problem of problems) process.stdout.write(`${formatProblem(problem)}\n`);
    process.stdout.write(isFit ? `${options.config}: ready to run\n` : '');
  }
  return isFit ? 0 : 1;
}

async function findProblems(file: string): Promise<readonly Problem[]> {
  let loaded: LoadedConfig;
  try {
    loaded = await loadConfig(file, process.env);
  } catch (thrown) {
    return toProblems(thrown);
  }
  const checks = [checkKafka, checkSchemas, checkStore, checkEndpoint];
  const found = await Promise.all(
    checks.map((checkPart) => checkPart(loaded).catch((thrown) => toProblems(thrown))),
  );
  return found.flat();
}

async function checkKafka(loaded: LoadedConfig): Promise<readonly Problem[]> {
  const { kafka: settings, log } = loaded.config;
  const kafka = createKafka(
    settings,
    kafkaLog(createLog(log.level === 'debug' ? 'debug' : 'silent')),
  );
  const admin = await connectAdmin(kafka, settings);
  try {
    return checkTopics(loaded, await admin.topics());
  } finally {
    await admin.close();
  }
}

async function checkSchemas(loaded: LoadedConfig): Promise<readonly Problem[]> {
  const { config } = loaded;
  const schemas = readSchemas(config);
  const registry = config.registry && createRegistry(config.registry);
  try {
    await registry?.ping();
    return await checkMappings(loaded, schemasOfTopic(registry, schemas));
  } finally {
    await registry?.close();
  }
}

async function checkStore({ config }: LoadedConfig): Promise<readonly Problem[]> {
  await openStore(config.store).close();
  return [];
}

/** Any answer will do: what a click id gets is not asked. */
async function checkEndpoint({ config, file, locate }: LoadedConfig): Promise<readonly Problem[]> {
  const client = createPowerspaceClient({ ...config.powerspace, concurrency: 1 });
  try {
    const result = await client.get('/');
    if (result.type === 'answer') return [];
    const message = `no answer from ${config.powerspace.url} within ${config.powerspace.timeout} ms: ${result.message}`;
    const place = locate(['powerspace', 'url']);
    return [{ severity: 'error', setting: 'powerspace.url', message, file, ...place }];
  } finally {
    await client.close();
  }
}

function toProblems(thrown: unknown): readonly Problem[] {
  if (thrown instanceof ConfigurationError) return thrown.problems;
  return [{ severity: 'error', message: toError(thrown).message }];
}
