import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KafkaService, StartOptions } from '../service.ts';
import { cached } from './cache.ts';
import { newDataFolder } from './dataFolder.ts';
import { runMaven } from './maven.ts';
import { freePorts } from './ports.ts';
import { runToEnd, startProcess } from './process.ts';
import { findJava, leavingNothing } from './programs.ts';
import { portAnswers, untilReady } from './ready.ts';
import { step } from './step.ts';

const version = '4.3.1';
const propertiesName = 'server.properties';
/** Any cluster id will do: a cluster lives as long as its one process. */
const formatCommand = [
  ...['kafka.tools.StorageTool', 'format', '--standalone'],
  ...['--cluster-id', 'MkU3OEVBNTcwNTJENDM2Qg', '--config', propertiesName],
];

/** slf4j-simple, so that a broker that fails says why. */
const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>powerspace-connector</groupId><artifactId>kafka</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${version}</version></dependency>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>${version}</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
`;

/** How a broker of our own is started. */
export interface NativeBrokerOptions extends StartOptions {
  /**
   * The port of something that stands between the broker and its clients, such as a proxy that cuts them off. The
   * broker then listens at one more port, `behindProxyPort`; who connects to that one is sent to the proxy.
   */
  readonly proxyPort?: number;
  /** More of the broker's own settings, by their names. */
  readonly settings?: Readonly<Record<string, string>>;
  /** More listeners: the port of each, by its name. `settings` must say in its map which protocol each speaks. */
  readonly listeners?: Readonly<Record<string, number>>;
  /** Users of SCRAM, as `kafka-storage format --add-scram` takes them. */
  readonly scramUsers?: readonly string[];
}

/** A broker of our own. Other than a part from elsewhere it can be made to fail. */
export interface NativeBroker extends KafkaService {
  /** Where a proxy reaches it; the same as its own port where it was started without one. */
  readonly behindProxyPort: number;
  /** Crashes it (SIGKILL), stops it where it is, or lets it go on. */
  signal(name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): Promise<void>;
  /**
   * Starts it again after a crash, on the same data and ports, with other settings where they are given; resolves
   * once it takes connections.
   */
  restart(settings?: NativeBrokerOptions['settings']): Promise<void>;
}

/** One broker, its own controller (KRaft), on 127.0.0.1. */
export async function nativeKafka(options: NativeBrokerOptions): Promise<NativeBroker> {
  const java = await findJava('Kafka', 'KAFKA_BROKERS');
  const classPath = join(await kafkaFolder(options), 'libs', '*');
  const [port = 0, controllerPort = 0, secondPort = 0] = await freePorts(3);
  const { proxyPort, listeners = {}, scramUsers = [] } = options;
  const ports = { port, controllerPort, listeners, ...(proxyPort && { secondPort, proxyPort }) };
  const kafkaCommand = (dataFolder: string, javaOptions: string[], main: string[]) => ({
    program: java.path,
    arguments: [...leavingNothing(dataFolder), ...javaOptions, '-cp', classPath, ...main],
    dataFolder,
  });
  const writeProperties = (folder: string, settings: NativeBrokerOptions['settings'] = {}) =>
    writeFile(
      join(folder, propertiesName),
      serverProperties(folder, ports) + settingLines(settings),
    );
  const dataFolder = await newDataFolder('kafka', async (folder) => {
    await writeProperties(folder, options.settings);
    // Optimizing doesn't pay in a run of a second.
    const users = scramUsers.flatMap((user) => ['--add-scram', user]);
    const command = [...formatCommand, ...users];
    const format = kafkaCommand(folder, ['-XX:TieredStopAtLevel=1'], command);
    await runToEnd(format, options.signal);
  });
  const start = async () => {
    // The broker logs to its output, which is shown when it fails.
    const brokerOptions = ['-Xmx512m', logLevel('warn')];
    const command = kafkaCommand(dataFolder, brokerOptions, ['kafka.Kafka', propertiesName]);
    const started = startProcess(command);
    await untilReady('Kafka', started, () => portAnswers(port), options.signal);
    return started;
  };
  let running = await start();
  const broker = `127.0.0.1:${port}`;
  const client = `'${java.path}' ${logLevel('error')} -cp '${classPath}'`;
  return {
    name: 'Kafka',
    origin: 'native',
    brokers: [broker],
    behindProxyPort: ports.secondPort ?? port,
    example: `${client} org.apache.kafka.tools.TopicCommand --bootstrap-server ${broker} --create --if-not-exists --topic hello`,
    async signal(name) {
      running.signal(name);
      if (name === 'SIGKILL') await running.ended;
    },
    async restart(settings) {
      await running.ended;
      if (settings) await writeProperties(dataFolder, settings);
      running = await start();
    },
    async stop() {
      // One that was stopped where it is could not end.
      running.signal('SIGCONT');
      await running.stop();
    },
  };
}

const logLevel = (level: 'warn' | 'error') => `-Dorg.slf4j.simpleLogger.defaultLogLevel=${level}`;

/** The folder with Kafka's class files in `libs`. */
function kafkaFolder(options: StartOptions): Promise<string> {
  const what = `fetching Apache Kafka ${version} (54 MB, once)`;
  const fill = (folder: string) =>
    step(what, options.report, () => fetchKafka(folder, options.signal));
  return cached(`kafka-${version}`, fill, options);
}

async function fetchKafka(folder: string, signal: AbortSignal | undefined): Promise<void> {
  await writeFile(join(folder, 'pom.xml'), pom);
  await runMaven(
    { name: 'copy-dependencies', settings: [`-DoutputDirectory=${join(folder, 'libs')}`] },
    folder,
    { name: 'Kafka', addressVariable: 'KAFKA_BROKERS' },
    signal,
  );
}

function settingLines(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

/** Where a broker listens, and the proxy before its second port. */
interface BrokerPorts {
  readonly port: number;
  readonly controllerPort: number;
  readonly listeners: Readonly<Record<string, number>>;
  readonly secondPort?: number;
  readonly proxyPort?: number;
}

function serverProperties(folder: string, ports: BrokerPorts): string {
  const { port, controllerPort, listeners, secondPort, proxyPort } = ports;
  const more = Object.entries(listeners)
    .map(([name, at]) => `,${name}://127.0.0.1:${at}`)
    .join('');
  const second = (at: number | undefined) => (at ? `,PROXIED://127.0.0.1:${at}` : '');
  return `
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:${controllerPort}
listeners=PLAINTEXT://127.0.0.1:${port}${second(secondPort)}${more},CONTROLLER://127.0.0.1:${controllerPort}
advertised.listeners=PLAINTEXT://127.0.0.1:${port}${second(proxyPort)}${more}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs=${join(folder, 'logs')}
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
`;
}
