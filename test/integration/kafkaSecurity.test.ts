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
import { runCommand } from '../cli/commandLine.ts';
import { startTokenIssuer, type TokenIssuer } from '../tokenIssuer.ts';
import { type RequestRecorder, recordRequests } from './ownPlatform.ts';
import { startRun } from './ownRun.ts';
import { type SecureBroker, startSecureBroker } from './secureBroker.ts';
import {
  kafkaSettings,
  type Materials,
  type Mode,
  mistakes,
  modes,
  wrongPassword,
} from './securityModes.ts';
import { configure, encode, recordBodies, topic } from './securityRun.ts';
import { headersOf, readTopic } from './topicReader.ts';
import { until } from './until.ts';

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
function materialsFor(context: TestContext): Materials {
  const broker = started instanceof Error ? context.skip(started.message) : started;
  return { broker, file: certificates.file, tokenEndpoint: issuer.url };
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
    const settings = kafkaSettings(materialsFor(context), mode);
    const { group } = settings;
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

function postbacksOf({ lines }: RequestRecorder): readonly string[] {
  return lines.filter((line) => line.startsWith('GET /ld?'));
}

async function endOfTopic(): Promise<number> {
  return withAdmin(async (admin) => Number((await admin.fetchTopicOffsets(topic))[0]?.high));
}

/** What the connector says when it looks at Kafka with these settings; nothing when all is well. */
async function saidOf(materials: Materials, mode: Mode): Promise<string> {
  const settings = configSchema.shape.kafka.parse(kafkaSettings(materials, mode));
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

describe('the connector says what to do, and no secret, about', () => {
  beforeEach(() => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'qZ7canary-aws');
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  test.for(mistakes)('a broker or a login set up with %s', async ([, mode, expected], context) => {
    const said = await saidOf(materialsFor(context), mode);
    expect(said).toMatch(expected);
    expect(said).not.toMatch(canary);
  });
});

test('a run ends at its start with 1 where the login is refused', async (context) => {
  const mode = { at: 'login', sasl: wrongPassword('plain') } as const;
  const settings = kafkaSettings(materialsFor(context), mode);
  const powerspace = await recordRequests(context);
  const folder = await configure(settings, powerspace.url);
  const { exitCode, stderr } = await runCommand(['run'], { folder });
  expect(stderr).toMatch(/does not take the login: .*; look at kafka\.sasl\.username and password/);
  expect(exitCode).toBe(1);
});

test('a token is renewed before its session ends, and records are read on', async (context) => {
  const materials = materialsFor(context);
  issuer.validFor = 13;
  context.onTestFinished(() => {
    issuer.validFor = 3_600;
  });
  const settings = kafkaSettings(materials, modes['OAUTHBEARER with client credentials'] as Mode);
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
