import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import kafkajs from 'kafkajs';
import { expect, type TestContext, test } from 'vitest';
import { folderWith, runCommand } from '../cli/commandLine.ts';
import {
  canaryEvents,
  canaryGarbage,
  canarySchema,
  deadEvents,
  eventOfKnown,
  nameOf,
  tracedHeaders,
} from './canaryEvents.ts';
import { canary, canaryPattern, startCollector, startEcho } from './canaryParts.ts';
import { clientOf } from './kafkaClient.ts';
import { type OwnPlatform, openOwnPlatform } from './ownPlatform.ts';
import { startRun } from './ownRun.ts';
import { headersOf, readTopic } from './topicReader.ts';
import { until } from './until.ts';

const token = `${canary}-sesame-sesame`;
const hashKey = `${canary}-0123456789abcdef0123456789abcdef`;
const environment = { CLICKS_TOKEN: token, PRIVACY_HASH_KEY: hashKey };

const configuration = ({ prefix, brokers, registryUrl }: OwnPlatform, powerspaceUrl: string) => `
kafka: {brokers: '${brokers.join(',')}', group: ${prefix}connector}
registry: {url: '${registryUrl}'}
store: sqlite:acme.db
powerspace: {url: '${powerspaceUrl}', timeout: 1s}
privacy: {hashKey: '\${PRIVACY_HASH_KEY}'}
admin: {listen: '127.0.0.1:0', token: '\${CLICKS_TOKEN}'}
log: {level: debug}
mappings:
  - topic: ${prefix}bought
    event: Bought
    record: order
    user: user
    click: click
    id: order
    at: at
    value: {amount: amount, currency: currency}
    when: {state: PAID}
`;

/** Everything that a run and its parts let out, each under a name. */
type Said = Map<string, string>;

/** Requests for POST /clicks that are refused, and the status of each. */
const refused: readonly (readonly [body: string, status: number, given?: string])[] = [
  [nameOf('user', 'no JSON'), 400],
  [JSON.stringify({ [nameOf('user', 'name')]: 1, clickId: 'a', user: 'b' }), 400],
  [JSON.stringify({ clickId: nameOf('click', 'with a space'), user: nameOf('user', 'x') }), 400],
  [JSON.stringify([{ clickId: nameOf('click', 'x'), user: [nameOf('user', '\0')] }]), 400],
  [JSON.stringify({ clickId: nameOf('click', 'x'), user: 'x', at: nameOf('user', 'x') }), 400],
  [JSON.stringify({ clickId: nameOf('click', 'x'), user: nameOf('user', 'x') }), 401, `${token}x`],
];

async function postClicks(adminUrl: string, said: Said): Promise<void> {
  const post = async (body: string, given = token) => {
    const headers = { authorization: `Bearer ${given}` };
    const answer = await fetch(`${adminUrl}/clicks?${canary}`, { method: 'POST', headers, body });
    said.set(`answer to ${body}`, await answer.text());
    return answer.status;
  };
  for (const [body, status, given] of refused) expect(await post(body, given)).toBe(status);
  const click = { clickId: nameOf('click', 'posted'), user: nameOf('user', 'posted') };
  expect(await post(JSON.stringify(click))).toBe(200);
}

async function produceGarbage(context: TestContext, topic: string): Promise<number> {
  const kafka = clientOf(context);
  const [whole] = await readTopic(kafka, topic, 1);
  const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await producer.connect();
  const garbage = canaryGarbage(whole?.value ?? Buffer.alloc(0));
  const messages = garbage.map((value) => ({ key: canary, value, headers: tracedHeaders() }));
  await producer.send({ topic, messages });
  await producer.disconnect();
  return garbage.length;
}

/** What the commands that read clicks or records say, of good ones and bad ones. */
async function runCommands(folder: string, said: Said): Promise<void> {
  const commands = [
    ['check', '--sample', '100'],
    ['check', '--sample', '100', '--json'],
    ['clicks', 'get', nameOf('user', 'posted')],
    ['clicks', 'get', nameOf('user', 'nobody'), '--json'],
    ['clicks', 'import', 'clicks.csv'],
    ['clicks', 'import', 'clicks.ndjson'],
    ['clicks', 'import', 'headless.csv'],
  ];
  for (const command of commands) {
    const { stdout, stderr } = await runCommand(command, { folder, environment });
    expect(`${stdout}${stderr}`).not.toBe('');
    said.set(command.join(' '), `${stdout}${stderr}`);
  }
}

const [user, click] = [nameOf('user', 'imported'), nameOf('click', 'imported')];
const files = {
  'clicks.csv': `userId,clickId,at\n${user},${click},2026-11-24\n${user},${click},${user}\n${user},${click} x,0\n"${user},${click}\n`,
  'clicks.ndjson': `{"userId":"${user}","clickId":"${click}","at":"${click}"}\n{${user}\n["${user}"]\n{"userId":["${user}"],"clickId":"${click}","at":0}\n`,
  'headless.csv': `${user},${click},2026-11-24\n`,
};

test('no click id, user key or secret is in what the connector says, or user key in what it stores', async (context) => {
  const platform = await openOwnPlatform(context);
  const [powerspace, collector] = [await startEcho(context), await startCollector(context)];
  const topic = `${platform.prefix}bought`;
  const text = configuration(platform, powerspace.url);
  const folder = await folderWith({ 'connector.yaml': text, ...files });
  await platform.createTopic(topic);
  await platform.produce(topic, canarySchema, []);
  const running = await startRun(folder, ['--json'], {
    ...environment,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_METRIC_EXPORT_INTERVAL: '1000',
    OTEL_BSP_SCHEDULE_DELAY: '200',
  });
  const said: Said = new Map();
  await platform.produce(topic, canarySchema, canaryEvents());
  const garbage = await produceGarbage(context, topic);
  await postClicks(running.adminUrl, said);
  const known = eventOfKnown(nameOf('user', 'posted'));
  await platform.produce(topic, canarySchema, [known]);
  const look = async (path: string) => {
    const answer = await (await fetch(`${running.adminUrl}${path}`)).text();
    said.set(path, `${said.get(path) ?? ''}${answer}`);
  };
  await until(
    async () => {
      await look('/health/ready');
      return platform.offsets([topic]);
    },
    (offsets) => offsets.every(({ committed, end }) => committed === end),
  );
  for (const path of ['/metrics', '/health/live', `/${canary}`]) await look(path);
  running.signal('SIGTERM');
  const { stdout, stderr } = await running.ended;
  const letters = await readTopic(
    clientOf(context),
    `${platform.prefix}connector.dead-letters`,
    deadEvents + garbage,
  );
  for (const [index, letter] of letters.entries()) {
    const { 'x-user': own, ...headers } = headersOf(letter);
    expect(own).toBe(nameOf('user', 'header'));
    said.set(`dead letter ${index}`, JSON.stringify(headers));
  }
  await runCommands(folder, said);
  for (const [name, spoken] of Object.entries({ stdout, stderr })) said.set(name, spoken);
  said.set('OpenTelemetry', collector.received.join('\n'));

  // Each way to end was gone, or the canary could not have shown.
  expect(JSON.parse(stdout)).toMatchObject({ outcomes: { delivered: 6 } });
  for (const reason of ['invalid-field', 'invalid-click-id', 'undecodable', 'rejected']) {
    expect(stdout).toContain(`dead-lettered ${reason}`);
    expect(said.get('OpenTelemetry')).toContain(reason);
  }
  expect(powerspace.requests.join()).toContain(nameOf('click', 'posted'));
  expect([...said].filter(([, spoken]) => canaryPattern.test(spoken))).toEqual([]);
  const stored = (await readdir(folder)).filter((file) => file.startsWith('acme.db'));
  for (const file of stored) {
    const bytes = await readFile(join(folder, file), 'latin1').catch(() => '');
    expect([file, bytes.includes(`${canary}-user`)]).toEqual([file, false]);
  }
});
