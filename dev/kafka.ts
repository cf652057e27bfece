import { containerName, startedContainer } from './docker.ts';
import { nativeKafka } from './native/kafka.ts';
import type { KafkaService, StartOptions } from './service.ts';
import { startPart } from './start.ts';

/** Apache Kafka 4.3 in Confluent's numbering: the image that testcontainers' module is made for. */
const image = 'confluentinc/cp-kafka:8.3.0';
const containerPort = 9093;

/**
 * One Kafka broker: of `KAFKA_BROKERS` (`host:port`, several with commas), in a container, or as a
 * process.
 *
 * @throws MissingPrerequisiteError when none of them can be had
 */
export function startKafka(options: StartOptions): Promise<KafkaService> {
  return startPart('kafka', { fromEnvironment, inContainer, natively: nativeKafka }, options);
}

function fromEnvironment(environment: NodeJS.ProcessEnv): KafkaService | undefined {
  const brokers = (environment['KAFKA_BROKERS'] ?? '')
    .split(',')
    .map((broker) => broker.trim())
    .filter((broker) => broker !== '');
  if (brokers.length === 0) return undefined;
  return {
    name: 'Kafka',
    origin: 'environment',
    brokers,
    example: `kcat -b ${brokers.join(',')} -L`,
    stop: async () => {},
  };
}

async function inContainer({ signal }: StartOptions): Promise<KafkaService> {
  const [{ KafkaContainer }, { Wait }] = await Promise.all([
    import('@testcontainers/kafka'),
    import('testcontainers'),
  ]);
  // Without a strategy of ours the module (12.2.0) doesn't wait for the broker at all.
  const started = Wait.forLogMessage(/Kafka Server started/);
  const starting = new KafkaContainer(image).withWaitStrategy(started).start();
  const container = await startedContainer(starting, signal);
  return {
    name: 'Kafka',
    origin: 'docker',
    brokers: [`${container.getHost()}:${container.getMappedPort(containerPort)}`],
    example: `docker exec ${containerName(container)} kafka-topics --bootstrap-server localhost:9092 --create --if-not-exists --topic hello`,
    stop: async () => void (await container.stop()),
  };
}
