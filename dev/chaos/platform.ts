import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import kafkajs, { type Kafka } from 'kafkajs';
import { deadLetterTopic } from '../../src/kafka/deadLetters.ts';
import { demoConfiguration } from '../demo/configuration.ts';
import { type NativeBroker, nativeKafka } from '../native/kafka.ts';
import { startRegistry } from '../registry.ts';
import { openShopPlatform, type ShopPlatform } from '../shopPlatform.ts';
import { type FaultyProxy, startProxy } from './proxy.ts';
import { type Receiver, startReceiver } from './receiver.ts';
import { type ChaosStore, type StoreKind, sqliteStore, startPostgresStore } from './store.ts';

/** The parts of a run, each reached by the connector through a proxy. */
export interface ChaosPlatform {
  readonly broker: NativeBroker;
  readonly receiver: Receiver;
  readonly proxies: Readonly<Record<'kafka' | 'registry' | 'receiver' | 'database', FaultyProxy>>;
  readonly shop: ShopPlatform;
  readonly group: string;
  /** A client that no proxy cuts off: that of the observers. */
  readonly kafka: Kafka;
  readonly configFile: string;
  readonly store: ChaosStore;
}

/** Where things are, and what tells of progress. */
export interface PlatformOptions {
  readonly program: string;
  readonly folder: string;
  readonly store: StoreKind;
  readonly report: (line: string) => void;
}

/** Starts the parts and writes the connector's configuration; how to close them goes into `opened`. */
export async function openPlatform(
  { program, folder, store: kind, report }: PlatformOptions,
  opened: AsyncDisposableStack,
): Promise<ChaosPlatform> {
  const proxies = {
    kafka: await startProxy(),
    registry: await startProxy(),
    receiver: await startProxy(),
    database: await startProxy(),
  };
  for (const proxy of Object.values(proxies)) opened.defer(proxy.close);
  const settings = brokerSettings;
  const broker = await nativeKafka({ report, settings, proxyPort: proxies.kafka.port });
  opened.defer(broker.stop);
  proxies.kafka.leadTo(broker.behindProxyPort);
  const registry = await startRegistry({ report });
  opened.defer(registry.stop);
  const registryUrl = new URL(registry.url);
  proxies.registry.leadTo(Number(registryUrl.port));
  const receiver = await startReceiver(program, join(folder, 'received.jsonl'));
  opened.defer(receiver.kill);
  proxies.receiver.leadTo(receiver.port);
  const store =
    kind === 'sqlite' ? sqliteStore(folder) : await startPostgresStore(proxies.database, opened);

  const prefix = `chaos-${randomBytes(3).toString('hex')}.`;
  const shop = await openShopPlatform({
    brokers: broker.brokers,
    registryUrl: registry.url,
    prefix,
  });
  opened.defer(shop.close);
  registryUrl.port = String(proxies.registry.port);
  const group = `${prefix}connector`;
  const addresses = {
    ...{ group, store: store.setting, registryUrl: registryUrl.href },
    brokers: [`127.0.0.1:${proxies.kafka.port}`],
    sandboxUrl: `http://127.0.0.1:${proxies.receiver.port}`,
    // As short as a broker allows by default, so that a killed member is soon forgotten.
    sessionTimeout: '6s',
  };
  const configFile = join(folder, 'connector.yaml');
  await writeFile(configFile, demoConfiguration(addresses, shop.topics));
  const kafka = new kafkajs.Kafka({
    clientId: 'observer',
    brokers: [...broker.brokers],
    logLevel: kafkajs.logLevel.NOTHING,
  });
  await createDeadLetterTopic(kafka, deadLetterTopic(group));
  return { broker, receiver, proxies, shop, group, kafka, configFile, store };
}

/** A broker that was killed may register again only once its session is over: by default after 9 s. */
const brokerSettings = {
  'broker.session.timeout.ms': '2000',
  'broker.heartbeat.interval.ms': '500',
};

/** Dated by the broker: the connector's own clock may be wrong. */
async function createDeadLetterTopic(kafka: Kafka, topic: string): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const configEntries = [{ name: 'message.timestamp.type', value: 'LogAppendTime' }];
    await admin.createTopics({ topics: [{ topic, configEntries }], waitForLeaders: false });
  } finally {
    await admin.disconnect();
  }
}
