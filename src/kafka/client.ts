import kafkajs, { type Kafka, type KafkaConfig } from 'kafkajs';
import { systemClock } from '../clock.ts';
import type { Config } from '../config/schema.ts';
import { ConfigurationError, toError, UnavailableError } from '../errors.ts';
import { explainTlsFailure, readTlsFiles } from '../tls.ts';
import { signAwsToken } from './awsTokens.ts';
import { bearerLogin, TokenRefusedError } from './bearerLogin.ts';
import { BearerTokens } from './bearerTokens.ts';
import { installKafkajsGuards } from './guards.ts';
import { requestToken } from './tokenEndpoint.ts';

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
  if (settings.sasl !== undefined) config.sasl = loginOf(settings.sasl, settings.connectTimeout);
  return config;
}

function loginOf(
  sasl: NonNullable<KafkaSettings['sasl']>,
  timeout: number,
): NonNullable<KafkaConfig['sasl']> {
  switch (sasl.mechanism) {
    case 'oauthbearer': {
      const tokens = new BearerTokens(() => requestToken(sasl, timeout), systemClock);
      return bearerLogin(tokens, sasl.extensions);
    }
    case 'aws-msk-iam':
      return bearerLogin(new BearerTokens(() => signAwsToken(sasl, timeout), systemClock));
    default:
      // kafkajs has a type for each, and takes them alike.
      return { ...sasl, mechanism: sasl.mechanism as 'plain' };
  }
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
 * where it doesn't take the login, or its certificate can't be trusted. One that says as much already stays as it is.
 */
export function kafkaUnavailable(settings: KafkaSettings, thrown: unknown): Error {
  const error = toError(thrown);
  if (error instanceof UnavailableError || error instanceof ConfigurationError) return error;
  const part = `Kafka at ${settings.brokers.join(', ')}`;
  const tlsFailure = explainTlsFailure(error, 'kafka.ssl');
  if (tlsFailure !== undefined) return wrong('kafka.ssl', `${part}: ${tlsFailure}`);
  if (isLoginRefused(error)) {
    const message = `${part} does not take the login: ${error.message}; ${loginAdvice(settings, error.message)}`;
    return wrong('kafka.sasl', message);
  }
  const detail = `${error.message} (connectTimeout ${settings.connectTimeout} ms)${cutAdvice(settings, error)}`;
  return new UnavailableError(part, detail, { cause: error });
}

function wrong(setting: string, message: string): ConfigurationError {
  return new ConfigurationError([{ severity: 'error', setting, message }]);
}

function loginAdvice({ sasl }: KafkaSettings, message: string): string {
  if (message.includes('not supported by the server')) {
    return 'take one of its mechanisms as kafka.sasl.mechanism';
  }
  if (sasl?.mechanism === 'aws-msk-iam') return 'look at the policy of this identity';
  return sasl?.mechanism === 'oauthbearer'
    ? 'its listener expects another issuer, audience or scope: look at kafka.sasl, and at its settings'
    : 'look at kafka.sasl.username and password';
}

/** A broker that wants TLS or a login cuts the connection of who comes without, and says nothing. */
function cutAdvice({ ssl, sasl }: KafkaSettings, error: Error): string {
  if (/before secure TLS/.test(error.message)) {
    return '; perhaps no TLS is spoken at that port: name another, or leave kafka.ssl out';
  }
  if (!/closed connection|ECONNRESET|socket hang up/i.test(error.message)) return '';
  const missing = [...(ssl ? [] : ['TLS (kafka.ssl)']), ...(sasl ? [] : ['a login (kafka.sasl)'])];
  return missing.length === 0 ? '' : `; it may want ${missing.join(' or ')}`;
}

/** kafkajs calls it a failed login too when the broker goes away in the middle of one. */
function isLoginRefused(error: Error): boolean {
  const { name, message, cause } = error;
  if (error instanceof TokenRefusedError) return true;
  if (name === 'KafkaJSSASLAuthenticationError') return !/connect|timed out/i.test(message);
  return cause instanceof Error && isLoginRefused(cause);
}
