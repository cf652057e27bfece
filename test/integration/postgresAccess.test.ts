import { describe, expect, test } from 'vitest';
import { ConfigurationError, toError, UnavailableError } from '../../src/errors.ts';
import { countStore, openStore } from '../../src/store/open.ts';
import { unusedAddress } from '../cli/commandLine.ts';
import { claimOf, clickOf, rangeOf } from '../store/subject.ts';
import { type OwnPostgres, ownPostgres } from './ownPostgres.ts';
import { settingOf } from './ownSchema.ts';

const canary = 'qZ7canary';

/** What docs/clicks.md grants. */
async function grantRuntime({ query, name }: OwnPostgres, role: string): Promise<void> {
  await query(`CREATE ROLE ${role} LOGIN PASSWORD '${canary}'`);
  await query(`GRANT USAGE ON SCHEMA ${name} TO ${role}`);
  await query(`GRANT SELECT ON migrations TO ${role}`);
  await query(
    `GRANT SELECT, INSERT, UPDATE, DELETE ON user_attribution, owner, ledger, work, crashed_work, hash_key TO ${role}`,
  );
}

/** What opening throws: nothing in it may be a secret. */
async function failureOf(setting: string): Promise<Error> {
  const failure = await openStore(setting).then(() => new Error('it was opened'), toError);
  const counting = await countStore(setting).then(() => new Error('it was counted'), toError);
  expect(counting.constructor).toBe(failure.constructor);
  expect(`${failure} ${JSON.stringify(failure)} ${failure.cause}`).not.toContain(canary);
  return failure;
}

async function expectProblem(setting: string, message: RegExp): Promise<void> {
  const failure = await failureOf(setting);
  expect(failure).toBeInstanceOf(ConfigurationError);
  const [problem, ...others] = (failure as ConfigurationError).problems;
  expect(others).toEqual([]);
  expect(problem).toMatchObject({ severity: 'error', setting: 'store' });
  expect(problem?.message).toMatch(message);
}

describe('opening a Postgres store', () => {
  test('with a role that may only read and write its tables does all that running needs', async (context) => {
    const server = await ownPostgres(context);
    await (await openStore(server.setting)).close();
    await grantRuntime(server, 'runtime');
    const store = await openStore(settingOf(server.setting, { username: 'runtime' }));
    try {
      await store.clicks.save([clickOf('user', 'a')]);
      expect((await store.clicks.find(['user'])).size).toBe(1);
      expect(await store.ledger.claim([claimOf('a'), claimOf('b')])).toHaveLength(2);
      await store.ledger.settle([
        { key: claimOf('a').key, state: 'delivered', status: 200, attempts: 1 },
      ]);
      await store.ledger.release([claimOf('b').key]);
      await store.ledger.abandon([claimOf('b').key]);
      await store.workLog.begin([rangeOf(0, 9)]);
      await store.workLog.end();
      expect(await store.workLog.crashed()).toEqual([]);
      await store.workLog.forget([rangeOf(0, 9)]);
      expect(await store.clicks.purge(2_000, 10)).toBe(1);
      expect(await store.ledger.purge(2_000, 10)).toBe(0);
      expect([await store.clicks.count(), await store.ledger.count()]).toEqual([0, 1]);
    } finally {
      await store.close();
    }
    const asRuntime = 'SET ROLE runtime; CREATE TABLE theirs (a integer)';
    await expect(server.query(asRuntime)).rejects.toThrow('permission denied for schema');
  });

  test('keeps running where a newer version has added to the tables', async (context) => {
    const server = await ownPostgres(context);
    const older = await openStore(server.setting);
    try {
      await older.ledger.claim([claimOf('a')]);
      await server.query("ALTER TABLE ledger ADD COLUMN later text NOT NULL DEFAULT 'x'");
      await server.query("ALTER TABLE user_attribution ADD COLUMN later text NOT NULL DEFAULT 'x'");
      await server.query('INSERT INTO migrations (version) VALUES (99)');
      expect(await older.ledger.claim([claimOf('a'), claimOf('b')])).toEqual([
        'claimed',
        'claimed',
      ]);
      await older.clicks.save([clickOf('user', 'a')]);
      expect((await older.clicks.find(['user'])).size).toBe(1);
      await (await openStore(server.setting)).close();
    } finally {
      await older.close();
    }
  });

  test('says which setting is wrong for what no waiting mends', async (context) => {
    const server = await ownPostgres(context);
    const { setting, name } = server;
    expect(await countStore(setting)).toBeUndefined();
    await server.query(`CREATE ROLE other LOGIN PASSWORD '${canary}'`);
    const other = { username: 'other', password: canary };
    await expectProblem(
      settingOf(setting, { ...other, schema: 'elsewhere' }),
      /tables are not in the schema elsewhere, and the role other may not create them/,
    );
    await (await openStore(setting)).close();
    await expectProblem(settingOf(setting, other), /the role other lacks USAGE on the schema/);
    await grantRuntime(server, 'runtime');
    await server.query('REVOKE DELETE ON ledger FROM runtime');
    await server.query('REVOKE INSERT ON work FROM runtime');
    await expectProblem(
      settingOf(setting, { username: 'runtime', password: canary }),
      new RegExp(`the role runtime lacks DELETE on ledger, INSERT on work, in the schema ${name}`),
    );
    await expectProblem(settingOf(setting, { database: 'nowhere' }), /"nowhere" does not exist/);
    await expectProblem(`${setting}&sslmode=require`, /does not support SSL/);
    await expectProblem(`${setting}&sslmode=require&sslrootcert=none.pem`, /sslrootcert.*ENOENT/);
    await server.requirePasswords();
    const wrong = { username: 'other', password: `${canary}-wrong` };
    await expectProblem(
      settingOf(setting, wrong),
      /password authentication failed for user "other"/,
    );
    await expectProblem(settingOf(setting, { username: 'other' }), /password/);
  });

  test('is worth trying again where the server is away or full', async (context) => {
    const server = await ownPostgres(context);
    const [, port] = (await unusedAddress()).split(':');
    const away = await failureOf(settingOf(server.setting, { port: Number(port) }));
    expect(away).toBeInstanceOf(UnavailableError);
    expect(String(away)).toMatch(/store postgres:.*ECONNREFUSED/);
    const unknown = await failureOf(settingOf(server.setting, { host: 'nowhere.invalid' }));
    expect(unknown).toBeInstanceOf(UnavailableError);
    await server.query('CREATE ROLE crowded LOGIN CONNECTION LIMIT 0');
    const full = await failureOf(settingOf(server.setting, { username: 'crowded' }));
    expect(full).toBeInstanceOf(UnavailableError);
    expect(String(full)).toContain('too many connections for role "crowded"');
  });
});
