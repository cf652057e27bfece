import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import type { StoreKind } from './clicks.ts';
import type { LoadedTopic } from './load.ts';
import { type Consuming, measureWhole, type Run } from './measure.ts';
import type { Parts } from './parts.ts';

/** The connector as it is released. */
export const builtProgram = fileURLToPath(new URL('../dist/src/main.js', import.meta.url));

/** How the connector is set up for a run. */
export interface ConnectorSetup {
  readonly store: StoreKind;
  /** Whether spans are exported, of what its producer traces; metrics are kept in any case. */
  readonly isTracing: boolean;
  readonly concurrency: number;
  /** Milliseconds that the receiver takes to answer. */
  readonly delay: number;
}

let runs = 0;

/** Builds the connector from its source, so that nothing older is measured. */
export async function buildConnector(): Promise<void> {
  const folder = fileURLToPath(new URL('..', import.meta.url));
  await promisify(execFile)('npm', ['run', 'build'], { cwd: folder });
  if (!existsSync(builtProgram)) throw new Error(`npm run build has made no ${builtProgram}`);
}

/** Runs the built connector over a whole topic, with a group and a store of its own. */
export async function runConnector(
  parts: Parts,
  topic: LoadedTopic,
  setup: ConnectorSetup,
  markAt?: number,
): Promise<Run> {
  const store = await parts.clicks.fresh(setup.store);
  try {
    const consuming = await prepareConnector(parts, topic, { ...setup, setting: store.setting });
    const { delay } = setup;
    return await measureWhole(parts, consuming, { delay, ...(markAt && { markAt }) });
  } finally {
    await store.drop();
  }
}

/** Writes a configuration with a new group, and says how the connector is run with it. */
export async function prepareConnector(
  parts: Parts,
  topic: LoadedTopic,
  setup: Omit<ConnectorSetup, 'store' | 'delay'> & { readonly setting: string },
): Promise<Consuming> {
  runs += 1;
  const group = `${parts.prefix}.connector-${runs}`;
  const configFile = join(parts.folder, `connector-${runs}.yaml`);
  const { concurrency, setting } = setup;
  const configuration = {
    kafka: { brokers: parts.brokers, group },
    registry: { url: parts.registryUrl, cache: join(parts.folder, 'schemas') },
    store: setting,
    powerspace: { url: parts.receiver.url, concurrency },
    admin: { listen: '127.0.0.1:0' },
    mappings: [
      {
        ...{ topic: topic.topic, event: 'UserSignedUp', record: 'lead' },
        ...{ user: ['userId', 'visitorId'], id: 'userId', at: 'signedUpAt' },
      },
    ],
  };
  await writeFile(configFile, stringify(configuration));
  const program = {
    command: process.execPath,
    arguments: [...profiling(), builtProgram, 'run', '--config', configFile],
    environment: tracing(parts, setup.isTracing),
    ready: '"msg":"reading"',
    logFile: join(parts.folder, `connector-${runs}.log`),
  };
  return { program, group, topic };
}

/** Spans go to the receiver, which forgets them; metrics are there to be scraped, in any case. */
function tracing({ receiver }: Parts, isTracing: boolean): Readonly<Record<string, string>> {
  if (!isTracing) return {};
  return { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${receiver.otlpUrl}/v1/traces` };
}

/** `BENCH_PROFILES` names a folder for a CPU profile of each run. */
function profiling(): readonly string[] {
  const folder = process.env['BENCH_PROFILES'];
  return folder ? ['--cpu-prof', `--cpu-prof-dir=${folder}`] : [];
}
