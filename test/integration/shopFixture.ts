import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import kafkajs, { type Kafka } from 'kafkajs';
import type { TestContext } from 'vitest';
import { demoConfiguration } from '../../dev/demo/configuration.ts';
import { type ConnectorProcess, startConnectorProcess } from '../../dev/demo/connectorProcess.ts';
import { type GroupWatcher, watchGroup } from '../../dev/demo/groupOffsets.ts';
import { openShopPlatform, type ShopPlatform } from '../../dev/shopPlatform.ts';
import { installKafkajsGuards } from '../../src/kafka/guards.ts';
import { type Fault, type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { realPart } from './services.ts';

/** A shop on real parts with topics of its own, a sandbox, and a way to run the connector beside it. */
export interface ShopFixture {
  readonly shop: ShopPlatform;
  readonly sandbox: Sandbox;
  readonly watcher: GroupWatcher;
  readonly group: string;
  /** A Kafka client of the test's own. */
  readonly kafka: Kafka;
  readonly configFile: string;
  /** Runs `powerspace-connector run` as a process; resolves once it reads. */
  run(environment?: NodeJS.ProcessEnv): Promise<ConnectorProcess>;
  /** What the connectors have logged so far. */
  log(): Promise<string>;
}

/** Opens the fixture for one test; everything is closed when the test ends. */
export async function openShop(
  context: TestContext,
  faults: readonly Fault[] = [],
  store?: string,
): Promise<ShopFixture> {
  const { brokers } = realPart('kafka', context);
  const { url: registryUrl } = realPart('registry', context);
  installKafkajsGuards();
  const prefix = `test-${randomBytes(4).toString('hex')}.`;
  const group = `${prefix}group`;
  const sandbox = await startSandbox({ host: '127.0.0.1', port: 0, faults });
  context.onTestFinished(() => sandbox.close());
  const shop = await openShopPlatform({ brokers, registryUrl, prefix });
  context.onTestFinished(() => shop.close());
  const watcher = await watchGroup(brokers, group, Object.values(shop.topics));
  context.onTestFinished(() => watcher.close());
  const folder = await mkdtemp(join(tmpdir(), 'powerspace-test-'));
  context.onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const configFile = join(folder, 'connector.yaml');
  const addresses = {
    ...{ brokers, registryUrl, sandboxUrl: sandbox.url, group },
    store: store ?? `sqlite:${join(folder, 'connector.db')}`,
  };
  // As short as a broker allows by default, so that a killed member is soon forgotten.
  const configuration = demoConfiguration({ ...addresses, sessionTimeout: '6s' }, shop.topics);
  await writeFile(configFile, configuration);
  const logFiles: string[] = [];
  return {
    ...{ shop, sandbox, watcher, group, configFile },
    kafka: new kafkajs.Kafka({ brokers: [...brokers], logLevel: kafkajs.logLevel.NOTHING }),
    async run(environment = {}) {
      const logFile = join(folder, `connector-${logFiles.length}.log`);
      logFiles.push(logFile);
      const connector = startConnectorProcess({
        program: 'src/main.ts',
        ...{ configFile, logFile },
        environment: { ...process.env, ...environment },
      });
      context.onTestFinished(() => connector.kill());
      await Promise.race([connector.reading, connector.failed]);
      return connector;
    },
    async log() {
      const logs = await Promise.all(logFiles.map((file) => readFile(file, 'utf8')));
      return logs.join('');
    },
  };
}
