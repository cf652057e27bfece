import { describe, expect, test } from 'vitest';
import { configSchema } from '../../src/config/schema.ts';
import { ConfigurationError, UnavailableError } from '../../src/errors.ts';
import { kafkaUnavailable } from '../../src/kafka/client.ts';

const settings = configSchema.shape.kafka.parse({ brokers: ['localhost:9092'] });

/** As kafkajs names and nests its errors. */
function kafkaError(name: string, message: string, cause?: Error): Error {
  return Object.assign(new Error(message, { cause }), { name });
}

describe('a broker that does not serve', () => {
  test('is away, whatever the client met', () => {
    const error = kafkaUnavailable(settings, kafkaError('KafkaJSConnectionError', 'refused'));
    expect(error).toBeInstanceOf(UnavailableError);
    expect(error.message).toBe('Kafka at localhost:9092: refused (connectTimeout 10000 ms)');
  });

  test('is set up otherwise when it refuses the login, however deep the client hides that', () => {
    const login = kafkaError('KafkaJSSASLAuthenticationError', 'Invalid username or password');
    const nested = kafkaError('KafkaJSNumberOfRetriesExceeded', 'retries', login);
    for (const thrown of [login, nested]) {
      expect(kafkaUnavailable(settings, thrown)).toBeInstanceOf(ConfigurationError);
    }
    expect(kafkaUnavailable(settings, login).message).toBe(
      'error: kafka.sasl: Kafka at localhost:9092 does not take the login: Invalid username or password; look at kafka.sasl.username and password',
    );
  });

  test.each(['Closed connection', 'Connection error: reset', 'Request SaslAuthenticate timed out'])(
    'is away when it went in the middle of a login (%s)',
    (message) => {
      const name = 'KafkaJSSASLAuthenticationError';
      const thrown = kafkaError(name, `SASL PLAIN authentication failed: ${message}`);
      expect(kafkaUnavailable(settings, thrown)).toBeInstanceOf(UnavailableError);
    },
  );
});
