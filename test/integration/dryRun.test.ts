import { readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Kafka } from 'kafkajs';
import { describe, expect, type TestContext, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { runCommand, startCommand } from '../cli/commandLine.ts';
import { logLines } from './ownRun.ts';
import { type OwnSchema, ownSchema } from './ownSchema.ts';
import { realPart } from './services.ts';
import { order, signUp, visit } from './shopEvents.ts';
import { openShop, type ShopFixture } from './shopFixture.ts';
import { until } from './until.ts';

const hour = 3_600_000;
const at = new Date(Date.now() - hour);
const from = new Date(at.getTime() - hour).toISOString();

/** Of the shop the last of its reports; each is a line. */
function lastReport(stdout: string, { shop }: ShopFixture) {
  const report = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
  const topicNames = new Map(Object.entries(shop.topics).map(([name, topic]) => [topic, name]));
  const rows = report.rows.map((row: Row) => {
    const { topic, record, outcome, reason, count, value } = row;
    const words = [topicNames.get(topic), record, outcome, reason, count, value];
    return words.filter((word) => word !== undefined).join(' ');
  });
  return { ...report, rows, examples: report.rows.flatMap((row: Row) => row.examples) };
}

interface Row extends Record<'topic' | 'record' | 'outcome' | 'reason' | 'value', string> {
  readonly count: number;
  readonly examples: readonly string[];
}

/** A person who clicks and signs up, and orders of theirs; one more of a stranger, and what nobody can read. */
async function produceShop({ shop }: ShopFixture): Promise<void> {
  const { orders, accounts } = shop.topics;
  await shop.produce(shop.topics['web.landing'], [
    shop.encode(visit({ visitorId: 'visitor-1', clickId: 'click-1-secret', at })),
  ]);
  await shop.produce(accounts, [
    shop.encode(signUp({ userId: 'user-1', visitorId: 'visitor-1', at })),
  ]);
  const placed = (orderId: string, customerId: string, amount: string) =>
    shop.encode(order({ orderId, customerId, amount, at }));
  await shop.produce(orders, [
    placed('order-1', 'user-1', '19.90'),
    placed('order-2', 'user-1', '30.00'),
    placed('order-2', 'user-1', '30.00'),
    placed('order-3', 'stranger', '10.00'),
    { key: 'garbage', value: Buffer.from([7, 1, 2]), timestamp: String(at.getTime()) },
  ]);
}

/** The groups of the shop, and its topics of dead letters. */
async function traces(kafka: Kafka, group: string) {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const { groups } = await admin.listGroups();
    const ofShop = (name: string) => name.startsWith(group);
    return {
      groups: groups.map(({ groupId }) => groupId).filter(ofShop),
      topics: (await admin.listTopics()).filter(ofShop),
    };
  } finally {
    await admin.disconnect();
  }
}

test('run --dry-run --from says what a first run would do, and leaves no trace', async (context) => {
  const fixture = await openShop(context);
  const { configFile, sandbox, watcher, group, kafka } = fixture;
  await produceShop(fixture);
  const command = ['run', '--dry-run', '--config', configFile];
  const { exitCode, stdout, stderr } = await runCommand([...command, '--json', '--from', from]);
  expect({ exitCode }, stderr).toEqual({ exitCode: 0 });
  expect(lastReport(stdout, fixture)).toMatchObject({
    ...{ records: 7, waiting: 0, unread: 0 },
    wouldBeSent: { leads: 1, orders: 2, value: '49.9' },
    rows: [
      'accounts lead would be sent 1',
      'orders order would be sent 2 49.9',
      'orders order duplicate 1',
      'orders order skipped no-click 1',
      'orders dead-lettered undecodable 1',
      'web.landing click skipped recorded 1',
    ],
    examples: [
      `${sandbox.url}/ld?qci=***`,
      expect.stringMatching(/\/ord\?qci=\*\*\*&ov=(19.9|30)$/),
      expect.stringMatching(/\/ord\?qci=\*\*\*&ov=(19.9|30)$/),
      expect.stringMatching(/orders\/\d\/\d: not in the format confluent/),
    ],
  });
  expect(stdout + stderr).not.toContain('click-1-secret');
  expect(logLines(stderr).every(({ dryRun }) => dryRun === true)).toBe(true);

  expect(sandbox.received()).toEqual([]);
  expect(await watcher.progress()).toEqual({ committed: 0, end: 7 });
  expect(await traces(kafka, group)).toEqual({ groups: [], topics: [] });
  expect(await readdir(dirname(configFile))).toEqual(['connector.yaml']);

  const again = await runCommand([...command, '--from', from]);
  const lines = again.stdout.replaceAll(/ {2,}/g, '|').split('\n');
  expect(lines).toContain(
    'What records would become: 7, waiting 0, not read yet 0. Nothing was sent or stored.',
  );
  expect(lines).toContain(`${fixture.shop.topics.orders}|order|would be sent|2|49.9`);
  expect(lines).toContain('would be sent in all: leads 1, orders 2, value 49.9');
});

test('run --dry-run --from that is stopped before the end of its span says so', async (context) => {
  const { configFile, sandbox } = await openShop(context);
  const running = startCommand(['run', '--dry-run', '--config', configFile, '--from', from]);
  await until(
    () => running.written.stderr,
    (log) => log.includes('connecting'),
  );
  running.signal('SIGTERM');
  const { exitCode, stderr } = await running.ended;
  expect(stderr).toContain('the dry run was cut short: what it says is of a part of the span\n');
  expect(exitCode).toBe(1);
  expect(sandbox.received()).toEqual([]);
});

/** A configuration that lacks the orders: the new one that a dry run tries has them. */
async function withoutOrders({ configFile, shop }: ShopFixture): Promise<string> {
  const text = await readFile(configFile, 'utf8');
  const newFile = join(dirname(configFile), 'new.yaml');
  await writeFile(newFile, text);
  const { mappings, ...others } = parse(text);
  const kept = mappings.filter(({ topic }: { topic: string }) => topic !== shop.topics.orders);
  await writeFile(configFile, stringify({ ...others, mappings: kept }));
  return newFile;
}

const tables = ['user_attribution', 'ledger', 'work', 'crashed_work', 'hash_key'];

/** All rows that are there, and in Postgres who has the store open. */
async function readStore(configFile: string, schema: OwnSchema | undefined) {
  if (schema) {
    const names = [...tables, 'migrations'];
    const rows = await Promise.all(names.map((name) => schema.query(`SELECT * FROM ${name}`)));
    return [...rows, await schema.query('SELECT count(*) FROM owner')];
  }
  using database = new DatabaseSync(join(dirname(configFile), 'connector.db'), { readOnly: true });
  return tables.map((name) => database.prepare(`SELECT * FROM ${name}`).all());
}

describe.each(['SQLite', 'Postgres'])('run --dry-run beside a connector on %s', (database) => {
  const schemaFor = async (context: TestContext) =>
    database === 'SQLite' ? undefined : await ownSchema(realPart('postgres', context).url);

  test('goes on where that stands, and changes nothing of it', async (context) => {
    const schema = await schemaFor(context);
    const fixture = await openShop(context, [], schema?.setting);
    const { configFile, sandbox, watcher, group, kafka, shop } = fixture;
    const newFile = await withoutOrders(fixture);
    await produceShop(fixture);
    const connector = await fixture.run();
    await until(watcher.progress, ({ committed }) => committed === 2);
    const stored = await readStore(configFile, schema);
    const received = sandbox.received();
    expect(received).toHaveLength(1);

    const running = startCommand(['run', '--dry-run', '--json', '--config', newFile]);
    const adminUrl = await until(
      () => logLines(running.written.stderr).find(({ msg }) => msg === 'reading')?.['admin'],
      (found) => typeof found === 'string',
    );
    await until(
      async () => (await fetch(`${adminUrl}/metrics`)).text(),
      (metrics) => /outcome="delivered"\} 2\b/.test(metrics) && /no-click"\} 1\b/.test(metrics),
    );
    expect(await readStore(configFile, schema)).toEqual(stored);
    expect(sandbox.received()).toEqual(received);
    expect(await watcher.progress()).toEqual({ committed: 2, end: 7 });

    // The connector reads on meanwhile, in its group.
    await shop.produce(shop.topics.accounts, [
      shop.encode(signUp({ userId: 'user-2', visitorId: 'visitor-1', at: new Date() })),
    ]);
    await until(watcher.progress, ({ committed }) => committed === 3);
    await until(
      async () => (await fetch(`${adminUrl}/metrics`)).text(),
      (metrics) => metrics.includes(`topic="${shop.topics.accounts}"`),
    );
    running.signal('SIGINT');
    const { exitCode, stdout } = await running.ended;
    expect(exitCode).toBe(0);
    const report = lastReport(stdout, fixture);
    expect(report).toMatchObject({ records: 6, wouldBeSent: { orders: 2, value: '49.9' } });
    expect(report.rows).toContain('orders dead-lettered undecodable 1');

    await connector.stop();
    expect(sandbox.summary()).toMatchObject({ leads: 2, orders: 0 });
    const letters = await runCommand(['dead-letters', 'list', '--json', '--config', configFile]);
    expect(JSON.parse(letters.stdout).counts).toEqual({});
    expect((await traces(kafka, group)).groups).toEqual([group]);
  });

  test('takes what that has sent for duplicates', async (context) => {
    const schema = await schemaFor(context);
    const fixture = await openShop(context, [], schema?.setting);
    const { configFile, sandbox, watcher } = fixture;
    await produceShop(fixture);
    const connector = await fixture.run();
    await until(watcher.progress, ({ committed, end }) => committed === end);
    const stored = await readStore(configFile, schema);
    const command = ['run', '--dry-run', '--json', '--config', configFile, '--from', from];
    const { exitCode, stdout } = await runCommand(command);
    expect(exitCode).toBe(0);
    expect(lastReport(stdout, fixture)).toMatchObject({
      wouldBeSent: { leads: 0, orders: 0, value: '0' },
      rows: [
        'accounts lead duplicate 1',
        'orders order duplicate 3',
        'orders order skipped no-click 1',
        'orders dead-lettered undecodable 1',
        'web.landing click skipped recorded 1',
      ],
    });
    expect(await readStore(configFile, schema)).toEqual(stored);
    await connector.stop();
    expect(sandbox.summary()).toMatchObject({ leads: 1, orders: 2 });
    const letters = await runCommand(['dead-letters', 'list', '--json', '--config', configFile]);
    expect(JSON.parse(letters.stdout).counts).toEqual({ undecodable: 1 });
  });
});
