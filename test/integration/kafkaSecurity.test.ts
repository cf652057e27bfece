import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import kafkajs, { type Admin, type Kafka, type KafkaMessage } from 'kafkajs';
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  type TestContext,
  test,
  vi,
} from 'vitest';
import { configSchema } from '../../src/config/schema.ts';
import { toError } from '../../src/errors.ts';
import { connectAdmin } from '../../src/kafka/admin.ts';
import { createAdminKafka } from '../../src/kafka/client.ts';
import { installKafkajsGuards } from '../../src/kafka/guards.ts';
import { type Certificates, makeCertificates } from '../certificates.ts';
import { folderWith, runCommand } from '../cli/commandLine.ts';
import { client, startTokenIssuer, type TokenIssuer } from '../tokenIssuer.ts';
import { type RequestRecorder, recordRequests } from './ownPlatform.ts';
import { startRun } from './ownRun.ts';
import { brokerUser, type SecureBroker, startSecureBroker } from './secureBroker.ts';
import { headersOf, readTopic } from './topicReader.ts';
import { until } from './until.ts';

const topic = 'accounts';
const schema = {
  ...{ type: 'record', name: 'UserSignedUp' },
  fields: ['userId', 'clickId'].map((name) => ({ name, type: 'string' })),
};
const canary = /qZ7canary/;

let certificates: Certificates;
let issuer: TokenIssuer;
let started: SecureBroker | Error;
let kafka: Kafka;

beforeAll(async () => {
  certificates = makeCertificates();
  issuer = await startTokenIssuer(certificates);
  installKafkajsGuards();
  started = await startSecureBroker(certificates).catch(toError);
  if (started instanceof Error) return;
  kafka = new kafkajs.Kafka({ brokers: [started.plaintext], logLevel: kafkajs.logLevel.NOTHING });
  await produce([encode('user-1', 'click-1'), Buffer.from([0xff])]);
});
afterAll(async () => {
  if (!(started instanceof Error)) await started.stop();
  await issuer.close();
  certificates.remove();
});

/** Skips the test where no broker can be started, and says why. */
function brokerFor(context: TestContext): SecureBroker {
  return started instanceof Error ? context.skip(started.message) : started;
}

async function produce(values: readonly Buffer[]): Promise<void> {
  const producer = kafka.producer({
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    allowAutoTopicCreation: true,
  });
  await producer.connect();
  await producer.send({ topic, messages: values.map((value) => ({ value })) });
  await producer.disconnect();
}

/** Avro's binary encoding of two short texts. */
function encode(...texts: readonly string[]): Buffer {
  return Buffer.concat(
    texts.flatMap((text) => [Buffer.from([text.length * 2]), Buffer.from(text)]),
  );
}

const { name: username, password } = brokerUser;
const file = (name: string) => certificates.file(name);
const ca = () => ({ ca: file('ca.pem') });
const clientFiles = () => ({ ...ca(), cert: file('client.pem'), key: file('client.key') });
const withPassword = (mechanism: string) => ({ mechanism, username, password });
const withToken = () => ({
  mechanism: 'oauthbearer',
  ...{ tokenEndpoint: issuer.url, clientId: client.id, clientSecret: client.secret },
  ...{ scope: brokerUser.scope, audience: 'kafka', extensions: { logicalCluster: 'lkc-1' } },
  ssl: ca(),
});

type Address = Exclude<keyof SecureBroker, 'stop'>;

interface Mode {
  readonly at: Address;
  readonly ssl?: () => object;
  readonly sasl?: () => object;
}

const modes: Readonly<Record<string, Mode>> = {
  TLS: { at: 'tls', ssl: ca },
  'TLS with a client certificate': { at: 'mutualTls', ssl: clientFiles },
  'PLAIN without TLS': { at: 'login', sasl: () => withPassword('plain') },
  'PLAIN over TLS': { at: 'secureLogin', ssl: ca, sasl: () => withPassword('plain') },
  'SCRAM-SHA-256': { at: 'secureLogin', ssl: ca, sasl: () => withPassword('scram-sha-256') },
  'SCRAM-SHA-512': { at: 'secureLogin', ssl: ca, sasl: () => withPassword('scram-sha-512') },
  'OAUTHBEARER with client credentials': { at: 'secureLogin', ssl: ca, sasl: withToken },
};

function kafkaSettings(broker: SecureBroker, { at, ssl, sasl }: Mode): object {
  return {
    brokers: broker[at],
    group: `security-${randomBytes(4).toString('hex')}`,
    ...(ssl && { ssl: ssl() }),
    ...(sasl && { sasl: sasl() }),
  };
}

/** A folder with a configuration (JSON is YAML) that takes its secrets from files. */
async function configure(settings: object, powerspaceUrl: string): Promise<string> {
  const secrets = new Map([
    [password, `\${file:kafka-password}`],
    [client.secret, `\${file:client-secret}`],
  ]);
  const configuration = {
    kafka: settings,
    powerspace: { url: powerspaceUrl },
    admin: { listen: '127.0.0.1:0', token: `\${file:admin-token}` },
    log: { level: 'debug' },
    mappings: [
      {
        ...{ topic, event: 'UserSignedUp', record: 'lead', format: 'bare' },
        ...{ schema: 'UserSignedUp.avsc', click: 'clickId', id: 'userId' },
      },
    ],
  };
  const text = JSON.stringify(configuration, (_, value) => secrets.get(value) ?? value, 2);
  return folderWith({
    'connector.yaml': text,
    'UserSignedUp.avsc': JSON.stringify(schema),
    'kafka-password': `${password}\n`,
    'client-secret': `${client.secret}\n`,
    'admin-token': 'qZ7canary-admin-token\n',
  });
}

async function withAdmin<Answer>(use: (admin: Admin) => Promise<Answer>): Promise<Answer> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    return await use(admin);
  } finally {
    await admin.disconnect();
  }
}

function committed(group: string): Promise<number> {
  return withAdmin(async (admin) => {
    const [found] = await admin.fetchOffsets({ groupId: group, topics: [topic] });
    return Number(found?.partitions[0]?.offset ?? -1);
  });
}

/** Everything that a process, its health and its metrics have told. */
async function allTold(written: { stdout: string; stderr: string }, adminUrl: string) {
  const pages = ['/metrics', '/health/ready'].map((path) => fetch(new URL(path, adminUrl)));
  const texts = await Promise.all(pages.map(async (page) => (await page).text()));
  return [written.stdout, written.stderr, ...texts].join('\n');
}

describe('a real broker is checked and read, and gets its dead letters', () => {
  test.for(Object.entries(modes))('by %s, and tells no secret', async ([, mode], context) => {
    const broker = brokerFor(context);
    const settings = kafkaSettings(broker, mode);
    const group = String(Reflect.get(settings, 'group'));
    const powerspace = await recordRequests(context);
    const folder = await configure(settings, powerspace.url);

    const checked = await runCommand(['check'], { folder });
    expect(checked.stdout).toMatch(/^ok +Kafka .*: 1 of 1 topics are there/m);
    expect(checked).toMatchObject({ exitCode: 0 });
    expect(`${checked.stdout}${checked.stderr}`).not.toMatch(canary);

    const collector = await recordBodies(context);
    const environment = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url };
    const running = await startRun(folder, [], environment);
    const end = await endOfTopic();
    await until(
      () => committed(group),
      (offset) => offset === end,
    );
    const told = await allTold(running.written, running.adminUrl);
    running.signal('SIGTERM');
    const { exitCode, stdout } = await running.ended;
    expect(stdout).toMatch(/delivered 1, .*dead-lettered 1 \(undecodable 1\)/);
    expect(exitCode).toBe(0);
    // The check has asked for the page at the top.
    expect(postbacksOf(powerspace)).toEqual(['GET /ld?qci=click-1 HTTP/1.1']);
    const [letter] = await readTopic(kafka, `${group}.dead-letters`, 1);
    const spoken = {
      told,
      exported: collector.bodies.join('\n'),
      deadLetter: JSON.stringify(headersOf(letter as KafkaMessage)),
    };
    expect(spoken.exported).toContain('postback lead');
    expect(spoken.deadLetter).toContain('undecodable');
    for (const text of Object.values(spoken)) {
      expect(text).not.toMatch(canary);
      expect(text).not.toContain('click-1');
      for (const token of issuer.tokens) expect(text).not.toContain(token);
    }
  });
});

/** Takes what OpenTelemetry exports; its texts stand as they are in the bytes. */
async function recordBodies(context: TestContext) {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    void buffer(request).then((body) => {
      bodies.push(body.toString('latin1'));
      response.end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.onTestFinished(async () => {
    server.closeAllConnections();
    await server[Symbol.asyncDispose]();
  });
  return { bodies, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

function postbacksOf({ lines }: RequestRecorder): readonly string[] {
  return lines.filter((line) => line.startsWith('GET /ld?'));
}

async function endOfTopic(): Promise<number> {
  return withAdmin(async (admin) => Number((await admin.fetchTopicOffsets(topic))[0]?.high));
}

/** What the connector says when it looks at Kafka with these settings; nothing when all is well. */
async function saidOf(broker: SecureBroker, mode: Mode): Promise<string> {
  const settings = configSchema.shape.kafka.parse(kafkaSettings(broker, mode));
  try {
    const admin = await connectAdmin(
      createAdminKafka(settings, () => undefined),
      settings,
    );
    await admin.close();
    return '';
  } catch (thrown) {
    return toError(thrown).message;
  }
}

const wrongPassword = (mechanism: string) => () => ({ mechanism, username, password: 'wrong' });
const wrongToken = (change: object) => () => ({ ...withToken(), ...change });
const at = 'secureLogin';

/** What is set up wrongly, and what must be said. */
const mistakes: readonly (readonly [string, Mode, RegExp])[] = [
  [
    'a certificate that nobody vouches for',
    { at: 'tls', ssl: () => ({}) },
    /kafka\.ssl: .*certificate.*; name the file of the authority that issued it as kafka\.ssl\.ca/,
  ],
  [
    'the file of another authority',
    { at: 'tls', ssl: () => ({ ca: file('stranger.pem') }) },
    /kafka\.ssl: .*certificate.*; name the file of the authority that issued it as kafka\.ssl\.ca/,
  ],
  [
    'no client certificate',
    { at: 'mutualTls', ssl: ca },
    /kafka\.ssl: .*alert bad certificate; it wants a client certificate that it trusts: name its files as kafka\.ssl\.cert and kafka\.ssl\.key/,
  ],
  [
    'a client certificate of another authority',
    {
      at: 'mutualTls',
      ssl: () => ({ ...ca(), cert: file('impostor.pem'), key: file('impostor.key') }),
    },
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

describe('the connector says what to do, and no secret, about', () => {
  beforeEach(() => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'qZ7canary-aws');
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  test.for(mistakes)('a broker or a login set up with %s', async ([, mode, expected], context) => {
    const said = await saidOf(brokerFor(context), mode);
    expect(said).toMatch(expected);
    expect(said).not.toMatch(canary);
  });
});

test('a run ends at its start with 1 where the login is refused', async (context) => {
  const mode = { at: 'login', sasl: wrongPassword('plain') } as const;
  const settings = kafkaSettings(brokerFor(context), mode);
  const powerspace = await recordRequests(context);
  const folder = await configure(settings, powerspace.url);
  const { exitCode, stderr } = await runCommand(['run'], { folder });
  expect(stderr).toMatch(/does not take the login: .*; look at kafka\.sasl\.username and password/);
  expect(exitCode).toBe(1);
});

test('a token is renewed before its session ends, and records are read on', async (context) => {
  const broker = brokerFor(context);
  issuer.validFor = 13;
  context.onTestFinished(() => {
    issuer.validFor = 3_600;
  });
  const mode = { at, ssl: ca, sasl: withToken } as const;
  const settings = kafkaSettings(broker, mode);
  const powerspace = await recordRequests(context);
  const running = await startRun(await configure(settings, powerspace.url));
  const before = issuer.tokens.length;
  // kafkajs logs in again 10 s before the end of a session, with whatever it has to say then.
  await until(
    () => issuer.tokens.length,
    (count) => count >= before + 3,
  );
  await produce([encode('user-2', 'click-2')]);
  await until(
    () => postbacksOf(powerspace).length,
    (count) => count === 2,
  );
  running.signal('SIGTERM');
  const { exitCode, stderr } = await running.ended;
  expect(exitCode).toBe(0);
  expect(stderr).not.toContain('the Kafka consumer ended');
});
