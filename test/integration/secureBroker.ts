import { readFileSync, writeFileSync } from 'node:fs';
import { type NativeBroker, nativeKafka } from '../../dev/native/kafka.ts';
import { freePorts } from '../../dev/native/ports.ts';
import type { Certificates } from '../certificates.ts';

/** The user that every password login takes, and the scope that tokens must have. */
export const brokerUser = { name: 'connector', password: 'qZ7canary-kafka', scope: 'kafka.read' };

/** A broker that wants every kind of security, each at an address of its own. */
export interface SecureBroker {
  /** Past all security, for the test itself. */
  readonly plaintext: string;
  readonly tls: string;
  /** TLS, for who has a certificate. */
  readonly mutualTls: string;
  /** A login without TLS; every mechanism. */
  readonly login: string;
  /** A login over TLS; every mechanism. */
  readonly secureLogin: string;
  stop(): Promise<void>;
}

const protocols = {
  TLS: 'SSL',
  MTLS: 'SSL',
  LOGIN: 'SASL_PLAINTEXT',
  SECURE: 'SASL_SSL',
} as const;

const modules = 'org.apache.kafka.common.security';
const { name, password, scope } = brokerUser;
const jaas: Readonly<Record<string, string>> = {
  plain: `${modules}.plain.PlainLoginModule required user_${name}="${password}";`,
  'scram-sha-256': `${modules}.scram.ScramLoginModule required;`,
  'scram-sha-512': `${modules}.scram.ScramLoginModule required;`,
  // Without a handler of its own the broker takes unsigned tokens, whose claims it does check.
  oauthbearer: `${modules}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker" unsecuredValidatorRequiredScope="${scope}";`,
};

/** Starts one, which shows the certificate `server`, and trusts what `ca` vouches for. */
export async function startSecureBroker({ file }: Certificates): Promise<SecureBroker> {
  const names = Object.keys(protocols);
  const ports = await freePorts(names.length);
  const listeners = Object.fromEntries(names.map((each, index) => [each, ports[index] ?? 0]));
  writeFileSync(
    file('keystore.pem'),
    ['server.key', 'server.pem'].map((each) => readFileSync(file(each), 'utf8')).join(''),
  );
  const map = Object.entries(protocols).map((pair) => pair.join(':'));
  const broker: NativeBroker = await nativeKafka({
    report: () => undefined,
    listeners,
    scramUsers: ['SCRAM-SHA-256', 'SCRAM-SHA-512'].map(
      (mechanism) => `${mechanism}=[name=${name},password=${password}]`,
    ),
    settings: {
      'listener.security.protocol.map': ['PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT', ...map].join(
        ',',
      ),
      'ssl.keystore.type': 'PEM',
      'ssl.keystore.location': file('keystore.pem'),
      'ssl.truststore.type': 'PEM',
      'ssl.truststore.location': file('ca.pem'),
      'listener.name.mtls.ssl.client.auth': 'required',
      'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
      // Sessions end with their tokens.
      'connections.max.reauth.ms': '3600000',
      ...loginSettings('login'),
      ...loginSettings('secure'),
    },
  });
  const addressOf = (listener: keyof typeof protocols) => `127.0.0.1:${listeners[listener]}`;
  return {
    plaintext: broker.brokers.join(','),
    tls: addressOf('TLS'),
    mutualTls: addressOf('MTLS'),
    login: addressOf('LOGIN'),
    secureLogin: addressOf('SECURE'),
    stop: broker.stop,
  };
}

function loginSettings(listener: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(jaas).map(([mechanism, module]) => [
      `listener.name.${listener}.${mechanism}.sasl.jaas.config`,
      module,
    ]),
  );
}
