import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, type TestContext, test } from 'vitest';
import { startProxy } from '../../dev/chaos/proxy.ts';
import { ConfigurationError, toError, UnavailableError } from '../../src/errors.ts';
import { openClickTable } from '../../src/store/clickTable.ts';
import type { Click, ClickReader } from '../../src/store/store.ts';
import { hashClickId } from '../../src/telemetry/log.ts';
import { runCommand } from '../cli/commandLine.ts';
import { clickOf } from '../store/subject.ts';
import { problemsAre } from './outageRun.ts';
import { createTopics, produceEvents } from './ownEvents.ts';
import { ownMariadb } from './ownMariadb.ts';
import { openOwnRun, startRun } from './ownRun.ts';
import { settingOf } from './ownSchema.ts';
import { insertClicks, ownMariadbTable, ownPostgresTable } from './ownTable.ts';
import { realPart } from './services.ts';
import { until } from './until.ts';

const second = 1_000;
const hour = 3_600 * second;
const userKeys = Array.from({ length: 2_000 }, (_, index) => `user-${index}`);
const clicks: readonly Click[] = userKeys.map((userKey, at) => clickOf(userKey, 'a', 1_000 + at));

/** Looks up again and again, as the pipeline does, until that fails in no way that may pass. */
async function repeat(
  { find }: ClickReader,
  onFailure: () => void = () => undefined,
): Promise<number> {
  const seen = await until(
    () =>
      find(userKeys).then(
        ({ size }) => size,
        (thrown) => {
          onFailure();
          return toError(thrown);
        },
      ),
    (last) => !(last instanceof UnavailableError),
    30 * second,
  );
  if (seen instanceof Error) throw seen;
  return seen;
}

describe("a user's table in MariaDB", { timeout: 120 * second }, () => {
  test('is read on when the server crashes in the middle of chunks', async (context) => {
    const table = await ownMariadb(context);
    await insertClicks(table, clicks);
    const opened = await openClickTable(table.settings);
    context.onTestFinished(opened.close);
    let failures = 0;
    const count = () => {
      failures += 1;
    };
    for (let round = 0; round < 2; round += 1) {
      const reading = Promise.all([repeat(opened, count), repeat(opened, count)]);
      await table.server.crash();
      await repeatOnce(opened, count);
      await table.server.restart();
      expect(await reading).toEqual([2_000, 2_000]);
    }
    expect(failures).toBeGreaterThan(0);
  });

  test('is waited for while it is gone, or may no longer be read', async (context) => {
    const { url } = realPart('mariadb', context);
    const table = await ownMariadbTable(url);
    await table.query(
      `CREATE TABLE ${table.name} (user_id varchar(190), click_id varchar(512), created_at timestamp)`,
    );
    const opened = await openClickTable(table.settings);
    context.onTestFinished(opened.close);
    await table.query(`RENAME TABLE ${table.name} TO ${table.name}_old`);
    const gone = await opened.find(['user']).catch(toError);
    expect(gone).toBeInstanceOf(ConfigurationError);
    expect(String(gone)).toMatch(
      /clicks\.table: click table mysql:.*user_attribution' doesn't exist/,
    );
    await table.query(`RENAME TABLE ${table.name}_old TO ${table.name}`);
    expect((await opened.find(['user'])).size).toBe(0);
  });

  test('is given up where it does not answer, and read again once it does', async (context) => {
    const { url } = realPart('mariadb', context);
    const table = await ownMariadbTable(url);
    await table.query(
      `CREATE TABLE ${table.name} (user_id varchar(190), click_id varchar(512), created_at timestamp, KEY (user_id))`,
    );
    const proxy = await startProxy();
    context.onTestFinished(proxy.close);
    proxy.leadTo(Number(new URL(url).port || 3_306));
    const through = settingOf(table.settings.url, { port: proxy.port, host: '127.0.0.1' });
    const opened = await openClickTable({ ...table.settings, url: through });
    context.onTestFinished(opened.close);
    const closed = await openClickTable({ ...table.settings, url: through });
    proxy.hang();
    const startedAt = performance.now();
    await closed.close();
    expect(performance.now() - startedAt).toBeLessThan(5 * second);
    const failures = await Promise.all([1, 2, 3].map(() => opened.find(userKeys).catch(toError)));
    for (const failure of failures) expect(failure).toBeInstanceOf(UnavailableError);
    expect(performance.now() - startedAt).toBeLessThan(25 * second);
    await proxy.open();
    expect(await repeat(opened)).toBe(0);
    proxy.cut();
    expect(await repeat(opened)).toBe(0);
  });
});

async function repeatOnce({ find }: ClickReader, onFailure: () => void): Promise<void> {
  const failure = await find(userKeys).catch(toError);
  expect(failure).toBeInstanceOf(UnavailableError);
  expect(String(failure)).toMatch(/click table mysql:\/\/[\d.]+:\d+\/test_\w+: ./);
  onFailure();
}

test("a user's table in Postgres is waited for while it is gone, and read on when it was rebuilt", async (context) => {
  const { url } = realPart('postgres', context);
  const table = await ownPostgresTable(url);
  const create = (type: string) =>
    table.query(`CREATE TABLE ${table.name} (user_id text, click_id text, created_at ${type})`);
  await create('timestamp(0)');
  const opened = await openClickTable(table.settings);
  context.onTestFinished(opened.close);
  await table.query(`DROP TABLE ${table.name}`);
  const gone = await opened.find(['user']).catch(toError);
  expect(gone).toBeInstanceOf(ConfigurationError);
  expect(String(gone)).toMatch(/clicks\.table: click table postgres:.*does not exist/);
  await create('timestamptz');
  await insertClicks(table, [clickOf('user', 'a')]);
  expect((await opened.find(['user'])).size).toBe(1);
});

describe('a connector with a table of the user', { timeout: 120 * second }, () => {
  async function open(context: TestContext) {
    const table = await ownMariadb(context);
    const run = await openOwnRun(context);
    await appendFile(
      join(run.folder, 'connector.yaml'),
      `clicks:\n  table:\n    url: ${table.settings.url}\n`,
    );
    return { table, run };
  }

  test('finds the clicks of both, waits while the table is away, and shows where each is from', async (context) => {
    const { table, run } = await open(context);
    await insertClicks(table, [
      clickOf('1003', 'of-the-table', Date.now() - 2 * hour),
      clickOf('1001', 'expired', Date.now() - 31 * 24 * hour),
    ]);
    await createTopics(run.platform);
    const { adminUrl, signal, ended } = await startRun(run.folder);
    await table.server.crash();
    const expected = await produceEvents(run.platform);
    await problemsAre(adminUrl, ['click table mysql://']);
    expect(run.powerspace.lines).toEqual([]);
    await table.server.restart();
    await run.committed();
    expect(run.powerspace.lines.toSorted()).toEqual(
      [
        ...expected,
        'GET /ld?qci=of-the-table HTTP/1.1',
        'GET /ord?qci=of-the-table&ov=9.99 HTTP/1.1',
      ].toSorted(),
    );
    const get = await runCommand(['clicks', 'get', '1001'], { folder: run.folder });
    expect(get.stdout).toMatch(
      new RegExp(
        `Z  ${hashClickId('expired')}  table\n.*Z  ${hashClickId('pws-Ab1_~.')}  store\n$`,
      ),
    );
    signal('SIGTERM');
    expect((await ended).exitCode).toBe(0);

    await table.query(`ALTER TABLE ${table.name} DROP KEY user_id`);
    const slow = await runCommand(['check'], { folder: run.folder });
    expect(slow.stdout).toMatch(
      /^warning {2}click table {4}user_attribution in mysql:\/\/[\d.:]+\/test_\w+: 2 rows$/m,
    );
    expect(slow.stdout).toMatch(
      /^connector\.yaml:\d+:\d+: warning: clicks\.table\.columns\.user: no index begins with/m,
    );
    await table.query(`ALTER TABLE ${table.name} DROP COLUMN click_id`);
    const refused = await runCommand(['run'], { folder: run.folder });
    expect(refused.stderr).toContain('error: clicks.table.columns.click: ');
    expect(refused.exitCode).toBe(1);
  });
});
