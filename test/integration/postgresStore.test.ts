import { inspect } from 'node:util';
import { expect, inject, test } from 'vitest';
import { toError, UnavailableError } from '../../src/errors.ts';
import { countSettled, openStore, readClicks, readLedger } from '../../src/store/open.ts';
import { postgresMigrations } from '../../src/store/postgresMigrations.ts';
import { postgresSettledStatement } from '../../src/store/postgresSettled.ts';
import { settledParameters } from '../../src/store/settledCounts.ts';
import type { LedgerReader } from '../../src/store/store.ts';
import { testStoreContract } from '../store/contract.ts';
import { testHashedKeys } from '../store/hashedKeys.ts';
import { testLookUp } from '../store/lookUp.ts';
import { testStoreAgainstModel } from '../store/model.ts';
import { testStoreReadersContract } from '../store/readersContract.ts';
import { claimOf, clickOf, StoreSubject } from '../store/subject.ts';
import { ownSchema } from './ownSchema.ts';

const { postgres, missing } = inject('services');

if (postgres) testStore(postgres.url);
else test('the Postgres store', (context) => context.skip(missing.postgres));

function testStore(url: string): void {
  const newPlace = async () => {
    const { setting } = await ownSchema(url);
    return { open: () => openStore(setting) };
  };
  testStoreContract('the Postgres store', newPlace);
  testStoreAgainstModel('the Postgres store', newPlace);
  testLookUp('the Postgres store', async (clicks) => {
    const { setting } = await ownSchema(url);
    const store = await openStore(setting);
    await store.clicks.save(clicks);
    await store.close();
    const reader = await readClicks(setting);
    if (reader === undefined) throw new Error('the store has no tables');
    return reader;
  });
  testStoreReadersContract('the Postgres store', async () => (await ownSchema(url)).setting);
  testHashedKeys('the Postgres store', async () => {
    const { setting, query, name } = await ownSchema(url);
    return {
      setting,
      async contents() {
        const tables = await query('SELECT tablename FROM pg_tables WHERE schemaname = $1', [name]);
        const rows = tables.map(({ tablename }) => query(`SELECT * FROM ${tablename}`));
        return JSON.stringify(await Promise.all(rows));
      },
    };
  });

  test.each([
    ['a NUL', 'user\0'],
    ['half a surrogate pair', 'user\ud800'],
    ['the other half', 'user\udc00'],
    ['more characters than an index takes', 'x'.repeat(100_000)],
    ['a noncharacter', '\u{10ffff}user'],
  ])('the Postgres store keeps clicks of a user key with %s', async (_, userKey) => {
    const { clicks } = await StoreSubject.create(newPlace);
    await clicks.save([clickOf(userKey, 'a'), clickOf(`${userKey}x`, 'b')]);
    expect([...(await clicks.find([userKey]))]).toEqual([[userKey, [clickOf(userKey, 'a')]]]);
  });

  test('the Postgres store names nobody when the server refuses a row', async () => {
    const schema = await ownSchema(url);
    await using store = asDisposable(await openStore(schema.setting));
    await schema.query("ALTER TABLE user_attribution ADD CHECK (user_id <> 'qZ7canary')");
    const refusal = await store.clicks.save([clickOf('qZ7canary', 'qZ7click')]).catch(toError);
    expect(String(refusal)).toContain('violates check constraint');
    expect(inspect(refusal, { depth: 9, showHidden: true })).not.toMatch(/qZ7/);
  });

  test('the Postgres store takes times that no column holds', async () => {
    const { clicks } = await StoreSubject.create(newPlace);
    await clicks.save([clickOf('user', 'a', 2 ** 63), clickOf('user', 'b', -(2 ** 64))]);
    const found = (await clicks.find(['user'])).get('user')?.map(({ at }) => at);
    expect(found?.toSorted((one, other) => one - other)).toEqual([-(2 ** 63), 2 ** 63]);
    expect(await clicks.purge(0, 10)).toBe(1);
  });

  test('the Postgres store is read as an older version left it, and older replicas go on once it is migrated', async () => {
    const { name, setting, query } = await ownSchema(url);
    await query(`CREATE SCHEMA ${name}; ${postgresMigrations[0]};
      CREATE TABLE migrations (version integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now());
      INSERT INTO migrations VALUES (1)`);
    const claimAsOlder = (id: string) =>
      query(
        `INSERT INTO ledger (key, kind, state, owner, topic, partition, "offset", claimed_at)
         VALUES ($1, 'order', 'delivered', gen_random_uuid(), 'orders', 0, 7, now())`,
        [claimOf(id).key],
      );
    await claimAsOlder('before');
    const noted = { state: 'delivered', topic: 'orders', offset: 7, click: undefined, history: [] };
    await using asThen = asDisposable(await presentLedger(setting));
    expect(await asThen.find(claimOf('before').key)).toMatchObject(noted);
    await using store = asDisposable(await openStore(setting));
    await claimAsOlder('after');
    await using asNow = asDisposable(await presentLedger(setting));
    for (const id of ['before', 'after']) {
      expect(await asNow.find(claimOf(id).key)).toMatchObject(noted);
      expect(await store.ledger.claim([claimOf(id)])).toEqual(['delivered']);
    }
  });

  test('the Postgres store has a look-up made again when a newer version has added a column beneath it', async () => {
    const schema = await ownSchema(url);
    await using store = asDisposable(await openStore(schema.setting));
    const found = new Map([['user', [clickOf('user', 'a')]]]);
    await store.clicks.save([clickOf('user', 'a')]);
    expect(await store.clicks.find(['user'])).toEqual(found);
    await schema.query('ALTER TABLE user_attribution ADD COLUMN newer integer');
    const failure = await store.clicks.find(['user']).catch(toError);
    expect(failure).toBeInstanceOf(UnavailableError);
    expect(await store.clicks.find(['user'])).toEqual(found);
  });

  test('the Postgres store looks clicks up by a hash index, and while a large table still lacks it', async () => {
    const schema = await ownSchema(url);
    await using store = asDisposable(await openStore(schema.setting));
    const click = { userKey: 'user', clickId: 'a', at: 1 };
    await store.clicks.save([click, { ...click, userKey: 'other' }]);
    const look = async () => (await store.clicks.find(['absent', 'user'])).get('user');
    expect(await look()).toEqual([click]);
    const indexes = await schema.query(
      "SELECT FROM pg_indexes WHERE schemaname = current_schema() AND indexdef LIKE '%USING hash (user_id)'",
    );
    expect(indexes).toHaveLength(1);
    await schema.query('DROP INDEX user_attribution_user_id');
    expect(await look()).toEqual([click]);
  });

  test('the Postgres store counts what was settled by the index on claimed_at', async () => {
    const schema = await ownSchema(url);
    await using store = asDisposable(await openStore(schema.setting));
    expect(await store.ledger.count()).toBe(0);
    await schema.query(
      `INSERT INTO ledger (key, kind, state, owner, topic, partition, "offset", claimed_at, settled_at)
       SELECT sha256(n::text::bytea), 'order', 'delivered', gen_random_uuid(), 'orders', 0, n, at, at + interval '1 s'
       FROM generate_series(1, 40000) n, LATERAL (SELECT to_timestamp(n * 864) AS at) AS claimed`,
    );
    await schema.query('ANALYZE ledger');
    const span = { from: 100 * 86_400_000, to: 101 * 86_400_000 };
    const plan = await schema.query(
      `EXPLAIN ${postgresSettledStatement.text}`,
      settledParameters(span),
    );
    expect(JSON.stringify(plan)).toContain('ledger_claimed_at');
    const counted = await countSettled(schema.setting, span);
    expect(counted?.order).toMatchObject({ delivered: 100, nearEnds: 1, justOutside: 1 });
  });

  test('the Postgres store estimates counts beyond 100,000 rows', async () => {
    const schema = await ownSchema(url);
    await using store = asDisposable(await openStore(schema.setting));
    await schema.query(
      "INSERT INTO user_attribution SELECT 'user-' || n, 'click', n FROM generate_series(1, 150000) n",
    );
    expect(await store.clicks.count()).toBeGreaterThan(100_000);
    await schema.query('ANALYZE user_attribution');
    expect(await store.clicks.count()).toBe(150_000);
  });
}

async function presentLedger(setting: string): Promise<LedgerReader> {
  const ledger = await readLedger(setting);
  if (!ledger) throw new Error('there is no ledger');
  return ledger;
}

function asDisposable<Part extends { close(): Promise<void> }>(part: Part) {
  return { ...part, [Symbol.asyncDispose]: () => part.close() };
}
