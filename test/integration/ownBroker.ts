import type { TestContext } from 'vitest';
import { type FaultyProxy, startProxy } from '../../dev/chaos/proxy.ts';
import { nativeKafka } from '../../dev/native/kafka.ts';
import { toError } from '../../src/errors.ts';

/** A broker of a test's own, which the connector reaches through a proxy only. */
export interface OwnBroker {
  /** For the test itself, past the proxy. */
  readonly brokers: readonly string[];
  /** The way of the connector; it has to log in as `connector` with the password `right`. */
  readonly proxy: FaultyProxy;
  /** Restarts it, so that another password is the right one. */
  changePassword(password: string): Promise<void>;
}

const loginModule = 'org.apache.kafka.common.security.plain.PlainLoginModule';
const settingsWith = (password: string) => ({
  'listener.security.protocol.map':
    'PLAINTEXT:PLAINTEXT,PROXIED:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT',
  'sasl.enabled.mechanisms': 'PLAIN',
  'listener.name.proxied.plain.sasl.jaas.config': `${loginModule} required user_connector="${password}";`,
});

/** Starts one; both end with the test. Where no broker can be started the test is skipped, and says why. */
export async function ownBroker(context: TestContext): Promise<OwnBroker> {
  const proxy = await startProxy();
  context.onTestFinished(proxy.close);
  const report = () => undefined;
  const started = nativeKafka({ report, settings: settingsWith('right'), proxyPort: proxy.port });
  const broker = await started.catch((thrown) => context.skip(toError(thrown).message));
  context.onTestFinished(broker.stop);
  proxy.leadTo(broker.behindProxyPort);
  return {
    ...{ brokers: broker.brokers, proxy },
    async changePassword(password) {
      await broker.signal('SIGKILL');
      await broker.restart(settingsWith(password));
    },
  };
}
