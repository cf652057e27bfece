import { expect, inject, test } from 'vitest';
import { openStore } from '../../src/store/open.ts';
import { testStoreContract } from '../store/contract.ts';
import { testStoreAgainstModel } from '../store/model.ts';
import { clickOf, StoreSubject } from '../store/subject.ts';
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

  test('the Postgres store takes times that no column holds', async () => {
    const { clicks } = await StoreSubject.create(newPlace);
    await clicks.save([clickOf('user', 'a', 2 ** 63), clickOf('user', 'b', -(2 ** 64))]);
    const found = (await clicks.find(['user'])).get('user')?.map(({ at }) => at);
    expect(found?.toSorted((one, other) => one - other)).toEqual([-(2 ** 63), 2 ** 63]);
    expect(await clicks.purge(0, 10)).toBe(1);
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

function asDisposable<Part extends { close(): Promise<void> }>(part: Part) {
  return { ...part, [Symbol.asyncDispose]: () => part.close() };
}
