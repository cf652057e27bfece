import kafkajs, { type Kafka, type KafkaConfig, type SASLOptions } from 'kafkajs';
import type { Config } from '../config/schema.ts';
import { ConfigurationError, toError, UnavailableError } from '../errors.ts';
import { readTlsFiles } from '../tls.ts';
import { installKafkajsGuards } from './guards.ts';

const { Kafka: KafkaClient, logLevel } = kafkajs;

type KafkaSettings = Config['kafka'];

/** What the Kafka client says; `fields` may carry the broker, the topic, the error. */
export type KafkaLog = (
  level: 'error' | 'warn' | 'info' | 'debug',
  message: string,
  fields: Record<string, unknown>,
) => void;

/** The client that consumer and producer come from. Connects to nothing yet. */
export function createKafka(settings: KafkaSettings, log: KafkaLog): Kafka {
  return new KafkaClient(clientConfig(settings, log));
}

/** The client that an admin comes from: somebody waits for its answers, so it doesn't try for long. */
export function createAdminKafka(settings: KafkaSettings, log: KafkaLog): Kafka {
  const retry = { retries: settings.brokers.length, initialRetryTime: 200 };
  return new KafkaClient({ ...clientConfig(settings, log), retry });
}

function clientConfig(settings: KafkaSettings, log: KafkaLog): KafkaConfig {
  installKafkajsGuards();
  const config: KafkaConfig = {
    clientId: 'powerspace-connector',
    brokers: settings.brokers,
    connectionTimeout: settings.connectTimeout,
    logLevel: logLevel.INFO,
    logCreator: () => (entry) => {
      const { message, timestamp: _, logger: __, stack: ___, ...fields } = entry.log;
      // What a connection meets comes up again as the error of whoever asked.
      const isEcho = entry.namespace === 'Connection';
      const level = isEcho ? 'debug' : (levelNames.get(entry.level) ?? 'info');
      log(level, message, { part: entry.namespace, ...fields });
    },
  };
  if (settings.ssl !== undefined) {
    config.ssl =
      typeof settings.ssl === 'boolean' ? settings.ssl : readTlsFiles(settings.ssl, 'kafka.ssl');
  }
  if (settings.sasl !== undefined) config.sasl = settings.sasl as SASLOptions;
  return config;
}

const levelNames = new Map([
  [logLevel.ERROR, 'error' as const],
  [logLevel.WARN, 'warn' as const],
  // kafkajs tells at info what only its own developers want to know: each pause, each join.
  [logLevel.INFO, 'debug' as const],
  [logLevel.DEBUG, 'debug' as const],
]);

/**
 * The error for a broker that can't be reached, with what a person needs to find out why; a ConfigurationError
 * where it doesn't take the login. One that says as much already stays as it is.
 */
export function kafkaUnavailable(settings: KafkaSettings, thrown: unknown): Error {
  const error = toError(thrown);
  if (error instanceof UnavailableError || error instanceof ConfigurationError) return error;
  const part = `Kafka at ${settings.brokers.join(', ')}`;
  if (isLoginRefused(error)) {
    const message = `${part} does not take the login: ${error.message}`;
    return new ConfigurationError([{ severity: 'error', setting: 'kafka.sasl', message }]);
  }
  const detail = `${error.message} (connectTimeout ${settings.connectTimeout} ms)`;
  return new UnavailableError(part, detail, { cause: error });
}

/** kafkajs calls it a failed login too when the broker goes away in the middle of one. */
function isLoginRefused({ name, message, cause }: Error): boolean {
  if (name === 'KafkaJSSASLAuthenticationError') return !/connect|timed out/i.test(message);
  return cause instanceof Error && isLoginRefused(cause);
}
