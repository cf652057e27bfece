import { randomBytes } from 'node:crypto';
import { client } from '../tokenIssuer.ts';
import { brokerUser, type SecureBroker } from './secureBroker.ts';

/** What a test has started. */
export interface Materials {
  readonly broker: SecureBroker;
  /** The path of a certificate or key. */
  readonly file: (name: string) => string;
  readonly tokenEndpoint: string;
}

const { name: username, password } = brokerUser;
const ca = ({ file }: Materials) => ({ ca: file('ca.pem') });
const withClient = (name: string) => (materials: Materials) => ({
  ...ca(materials),
  cert: materials.file(`${name}.pem`),
  key: materials.file(`${name}.key`),
});
const withPassword = (mechanism: string) => ({ mechanism, username, password });
const withToken = (materials: Materials) => ({
  mechanism: 'oauthbearer',
  ...{ tokenEndpoint: materials.tokenEndpoint, clientId: client.id, clientSecret: client.secret },
  ...{ scope: brokerUser.scope, audience: 'kafka', extensions: { logicalCluster: 'lkc-1' } },
  ssl: ca(materials),
});

/** A way in: the broker's address, and the settings for it. */
export interface Mode {
  readonly at: Exclude<keyof SecureBroker, 'stop'>;
  readonly ssl?: (materials: Materials) => object;
  readonly sasl?: (materials: Materials) => object;
}

/** Every way in that works. */
export const modes: Readonly<Record<string, Mode>> = {
  TLS: { at: 'tls', ssl: ca },
  'TLS with a client certificate': { at: 'mutualTls', ssl: withClient('client') },
  'PLAIN without TLS': { at: 'login', sasl: () => withPassword('plain') },
  'PLAIN over TLS': { at: 'secureLogin', ssl: ca, sasl: () => withPassword('plain') },
  'SCRAM-SHA-256': { at: 'secureLogin', ssl: ca, sasl: () => withPassword('scram-sha-256') },
  'SCRAM-SHA-512': { at: 'secureLogin', ssl: ca, sasl: () => withPassword('scram-sha-512') },
  'OAUTHBEARER with client credentials': { at: 'secureLogin', ssl: ca, sasl: withToken },
};

/** The settings `kafka` of a way in, with a group of its own. */
export function kafkaSettings(materials: Materials, { at, ssl, sasl }: Mode) {
  return {
    brokers: materials.broker[at],
    group: `security-${randomBytes(4).toString('hex')}`,
    ...(ssl && { ssl: ssl(materials) }),
    ...(sasl && { sasl: sasl(materials) }),
  };
}

/** A login that the broker refuses. */
export const wrongPassword = (mechanism: string) => () => ({
  mechanism,
  username,
  password: 'wrong',
});
const wrongToken = (change: object) => (materials: Materials) => ({
  ...withToken(materials),
  ...change,
});
const at = 'secureLogin';

/** What is set up wrongly, and what must be said. */
export const mistakes: readonly (readonly [string, Mode, RegExp])[] = [
  [
    'a certificate that nobody vouches for',
    { at: 'tls', ssl: () => ({}) },
    /kafka\.ssl: .*certificate.*; name the file of the authority that issued it as kafka\.ssl\.ca/,
  ],
  [
    'the file of another authority',
    { at: 'tls', ssl: ({ file }) => ({ ca: file('stranger.pem') }) },
    /kafka\.ssl: .*certificate.*; name the file of the authority that issued it as kafka\.ssl\.ca/,
  ],
  [
    'no client certificate',
    { at: 'mutualTls', ssl: ca },
    /kafka\.ssl: .*alert bad certificate; it wants a client certificate that it trusts: name its files as kafka\.ssl\.cert and kafka\.ssl\.key/,
  ],
  [
    'a client certificate of another authority',
    { at: 'mutualTls', ssl: withClient('impostor') },
    /kafka\.ssl: .*it wants a client certificate that it trusts/,
  ],
  [
    'TLS where none is spoken',
    { at: 'plaintext', ssl: ca },
    /; perhaps no TLS is spoken at that port: name another, or leave kafka\.ssl out/,
  ],
  ['no TLS where it is spoken', { at: 'tls' }, /it may want TLS \(kafka\.ssl\)/],
  ['no login where one is wanted', { at: 'login' }, /it may want .*a login \(kafka\.sasl\)/],
  ...['plain', 'scram-sha-256', 'scram-sha-512'].map(
    (mechanism): readonly [string, Mode, RegExp] => [
      `a wrong password, ${mechanism}`,
      { at, ssl: ca, sasl: wrongPassword(mechanism) },
      /kafka\.sasl: .*does not take the login: .*; look at kafka\.sasl\.username and password/,
    ],
  ),
  [
    'a wrong client secret',
    { at, ssl: ca, sasl: wrongToken({ clientSecret: 'qZ7canary-wrong' }) },
    /kafka\.sasl\.clientId: token endpoint at .*: gives no token \(401 invalid_client: no such client or secret\); look at kafka\.sasl\.clientId and clientSecret/,
  ],
  [
    'a token with another scope',
    { at, ssl: ca, sasl: wrongToken({ scope: 'other' }) },
    /kafka\.sasl: .*does not take the login: the broker refuses the token \(insufficient_scope\); its listener expects another issuer, audience or scope/,
  ],
  [
    'an identity of AWS that it does not know',
    { at, ssl: ca, sasl: () => ({ mechanism: 'aws-msk-iam', region: 'eu-west-1' }) },
    /does not take the login: the broker refuses the token \(invalid_token\); look at the policy of this identity/,
  ],
  [
    'a token endpoint at which nobody listens',
    { at, ssl: ca, sasl: wrongToken({ tokenEndpoint: 'https://127.0.0.1:1/token' }) },
    /^token endpoint at https:\/\/127\.0\.0\.1:1\/token: connect ECONNREFUSED/,
  ],
  [
    'a token endpoint that nobody vouches for',
    { at, ssl: ca, sasl: wrongToken({ ssl: undefined }) },
    /kafka\.sasl\.tokenEndpoint: .*; name the file of the authority that issued it as kafka\.sasl\.ssl\.ca/,
  ],
];
