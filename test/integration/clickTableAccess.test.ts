import { describe, expect, type TestContext, test } from 'vitest';
import { ConfigurationError, toError, UnavailableError } from '../../src/errors.ts';
import { type ClickTableSettings, openClickTable } from '../../src/store/clickTable.ts';
import { unusedAddress } from '../cli/commandLine.ts';
import { clickOf } from '../store/subject.ts';
import { ownMariadb } from './ownMariadb.ts';
import { ownPostgres } from './ownPostgres.ts';
import { settingOf } from './ownSchema.ts';
import { insertClicks, type OwnTable, ownPostgresTable } from './ownTable.ts';

const canary = 'qZ7canary';
const login = { username: 'reader', password: canary };

/** A table in Postgres with a role that may do no more than what docs/clicks.md grants. */
async function postgresTable(context: TestContext): Promise<OwnTable> {
  const server = await ownPostgres(context);
  const table = await ownPostgresTable(server.url);
  const { name, query } = table;
  await query(`CREATE TABLE ${name} (user_id text, click_id text, created_at timestamptz)`);
  await query(`CREATE ROLE reader LOGIN PASSWORD '${canary}'`);
  await query(`GRANT USAGE ON SCHEMA ${name.replace(/\..*/, '')} TO reader`);
  await query(`GRANT SELECT (user_id, click_id, created_at) ON ${name} TO reader`);
  await server.requirePasswords();
  return table;
}

/** The same in MariaDB. */
async function mariadbTable(context: TestContext): Promise<OwnTable> {
  const table = await ownMariadb(context);
  const { name, query } = table;
  await query(`CREATE USER reader@'127.0.0.1' IDENTIFIED BY '${canary}'`);
  await query(`GRANT SELECT (user_id, click_id, created_at) ON ${name} TO reader@'127.0.0.1'`);
  return table;
}

/** What opening throws: nothing in it may be a secret. */
async function failureOf(settings: ClickTableSettings): Promise<Error> {
  const failure = await openClickTable(settings).then(() => new Error('it was opened'), toError);
  expect(`${failure} ${JSON.stringify(failure)} ${failure.cause}`).not.toContain(canary);
  return failure;
}

async function problemsOf(settings: ClickTableSettings): Promise<string[]> {
  const failure = await failureOf(settings);
  expect(failure).toBeInstanceOf(ConfigurationError);
  return (failure as ConfigurationError).problems.map(
    ({ setting, message }) => `${setting}: ${message}`,
  );
}

describe.each([
  ['Postgres', postgresTable],
  ['MariaDB', mariadbTable],
] as const)("opening a user's table in %s", (kind, open) => {
  test('needs no more than to read three columns, and says what is wrong where it may not', async (context) => {
    const table = await open(context);
    await insertClicks(table, [clickOf('user', 'a', 1_767_225_600_123)]);
    const url = settingOf(table.settings.url, login);
    const settings = { ...table.settings, url };
    const opened = await openClickTable(settings);
    expect((await opened.find(['user', 'nobody'])).get('user')).toEqual([
      clickOf('user', 'a', 1_767_225_600_123),
    ]);
    expect(await opened.look()).toMatchObject({ rows: '1' });
    await opened.close();

    const [schema] = table.name.split('.');
    const fails = async (changed: Partial<ClickTableSettings>, ...expected: RegExp[]) => {
      const problems = await problemsOf({ ...settings, ...changed });
      expect(problems).toEqual(expected.map((each) => expect.stringMatching(each)));
    };
    await fails(
      { name: `${schema}.nothing` },
      /^clicks\.table\.name: there is no table test_\w+\.nothing, .*GRANT SELECT \(user_id, click_id, created_at\) ON test_\w+\.nothing TO/,
    );
    await fails(
      { columns: { user: 'userid', click: 'no_click', at: 'click_id' } },
      /^clicks\.table\.columns\.user: .* shows no column userid; did you mean user_id\?/,
      /^clicks\.table\.columns\.click: .* shows no column no_click; it shows user_id, click_id, created_at/,
      /^clicks\.table\.columns\.at: the column click_id is of the type \w+, where one of timestamp/,
    );
    await fails(
      { url: settingOf(url, { password: `${canary}-wrong` }) },
      kind === 'MariaDB'
        ? /^clicks\.table: click table mysql:.*: Access denied for user 'reader'/
        : /^clicks\.table: click table postgres:.*: password authentication failed/,
    );
    await fails({ url: `${url}?sslmode=require` }, /^clicks\.table: .*support (SSL|secure)/);
    await fails(
      { url: `${url}?sslmode=require&sslrootcert=none.pem` },
      /^clicks\.table: the file of sslrootcert cannot be read: ENOENT/,
    );
    await fails({ url: settingOf(url, { database: 'nowhere' }) }, /^clicks\.table: .*nowhere/);
    await table.query(
      kind === 'MariaDB'
        ? `REVOKE SELECT (click_id) ON ${table.name} FROM reader@'127.0.0.1'`
        : `REVOKE SELECT (click_id) ON ${table.name} FROM reader`,
    );
    await fails({}, /^clicks\.table\.columns\.click: .*GRANT SELECT \(user_id, click_id/);

    const [, port] = (await unusedAddress()).split(':');
    const away = await failureOf({ ...settings, url: settingOf(url, { port: Number(port) }) });
    expect(away).toBeInstanceOf(UnavailableError);
    expect(String(away)).toMatch(/click table \w+:\/\/.*ECONNREFUSED/);
  });
});

test("a user's table in MariaDB gives the same times in another time zone, is read where the server only reads, and waited for where it is crowded", async (context) => {
  const table = await mariadbTable(context);
  const [summer, winter] = ['2026-07-01T10:00:00.123Z', '2026-12-01T10:00:00.123Z'].map(Date.parse);
  const clicks = [clickOf('user', 'a', summer), clickOf('user', 'b', winter)];
  await table.query("SET GLOBAL time_zone = '+00:00'");
  await table.query("SET time_zone = '+00:00'");
  await insertClicks(table, clicks);
  await table.query(`ALTER TABLE ${table.name} ADD local datetime(3)`);
  await table.query(`UPDATE ${table.name} SET local = created_at`);
  await table.query("SET GLOBAL time_zone = '-05:30'");
  for (const at of ['created_at', 'local']) {
    const columns = { ...table.settings.columns, at };
    const opened = await openClickTable({ ...table.settings, columns });
    expect((await opened.find(['user'])).get('user')).toEqual(clicks);
    await opened.close();
  }

  await table.query("ALTER USER reader@'127.0.0.1' WITH MAX_USER_CONNECTIONS 1");
  const settings = { ...table.settings, url: settingOf(table.settings.url, login) };
  const first = await openClickTable(settings);
  const full = await failureOf(settings);
  expect(full).toBeInstanceOf(UnavailableError);
  expect(String(full)).toContain('max_user_connections');
  await table.query('SET GLOBAL read_only = 1');
  expect((await first.find(['user'])).size).toBe(1);
  await first.close();
});
