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

/** One broker, its own controller (KRaft), on 127.0.0.1. */
export async function nativeKafka(options: StartOptions): Promise<KafkaService> {
  const java = await findJava('Kafka', 'KAFKA_BROKERS');
  const classPath = join(await kafkaFolder(options), 'libs', '*');
  const [port = 0, controllerPort = 0] = await freePorts(2);
  const kafkaCommand = (dataFolder: string, javaOptions: string[], main: string[]) => ({
    program: java.path,
    arguments: [...leavingNothing(dataFolder), ...javaOptions, '-cp', classPath, ...main],
    dataFolder,
  });
  const dataFolder = await newDataFolder('kafka', async (folder) => {
    const properties = serverProperties(folder, port, controllerPort);
    await writeFile(join(folder, propertiesName), properties);
    // Optimizing doesn't pay in a run of a second.
    const format = kafkaCommand(folder, ['-XX:TieredStopAtLevel=1'], formatCommand);
    await runToEnd(format, options.signal);
  });
  // The broker logs to its output, which is shown when it fails.
  const brokerOptions = ['-Xmx512m', logLevel('warn')];
  const running = startProcess(
    kafkaCommand(dataFolder, brokerOptions, ['kafka.Kafka', propertiesName]),
  );
  await untilReady('Kafka', running, () => portAnswers(port), options.signal);
  const broker = `127.0.0.1:${port}`;
  const client = `'${java.path}' ${logLevel('error')} -cp '${classPath}'`;
  return {
    name: 'Kafka',
    origin: 'native',
    brokers: [broker],
    example: `${client} org.apache.kafka.tools.TopicCommand --bootstrap-server ${broker} --create --if-not-exists --topic hello`,
    stop: running.stop,
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

function serverProperties(folder: string, port: number, controllerPort: number): string {
  return `
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:${controllerPort}
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}
advertised.listeners=PLAINTEXT://127.0.0.1:${port}
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
