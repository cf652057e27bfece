import { describe, expect, onTestFinished, test } from 'vitest';
import { ConfigurationError, toError } from '../../src/errors.ts';
import {
  countStore,
  openClickImport,
  openPeople,
  openStore,
  readClicks,
} from '../../src/store/open.ts';
import type { Store } from '../../src/store/store.ts';
import { hashClickId } from '../../src/telemetry/log.ts';
import { testStoreContract } from './contract.ts';
import { testStoreAgainstModel } from './model.ts';
import { claimOf, clickOf, rangeOf } from './subject.ts';

/** One place where a store keeps what it is given; empty at first. */
export interface HashedPlace {
  readonly setting: string;
  /** Everything that lies there now, as the database has it. */
  contents(): Promise<string>;
}

const hashKey = '0123456789abcdef0123456789abcdef';
const otherKey = `${hashKey.slice(0, -1)}g`;
const userKey = 'qZ7-canary';

async function open(setting: string, key?: string): Promise<Store> {
  const store = await openStore(setting, key);
  onTestFinished(() => store.close());
  return store;
}

async function openOnce(setting: string, key?: string): Promise<void> {
  await (await openStore(setting, key)).close();
}

/** What every way into a store with this key says. */
async function refusalOf(setting: string, key?: string): Promise<string> {
  const messages = new Set<string>();
  for (const enter of [openStore, openClickImport, readClicks, countStore]) {
    const thrown = await enter(setting, key).then(() => new Error('it was opened'), toError);
    expect(thrown).toBeInstanceOf(ConfigurationError);
    messages.add(thrown.message);
  }
  expect(messages.size).toBe(1);
  return [...messages].join();
}

/** What every store promises of `privacy.hashKey`. */
export function testHashedKeys(name: string, newPlace: () => Promise<HashedPlace>): void {
  const newHashedPlace = async () => {
    const { setting } = await newPlace();
    return { open: () => openStore(setting, hashKey) };
  };
  testStoreContract(`${name} with hashed user keys`, newHashedPlace);
  testStoreAgainstModel(`${name} with hashed user keys`, newHashedPlace);

  describe(`${name}, where user keys are hashed`, () => {
    test('holds no user key in the clear, whichever way it came', async () => {
      const { setting, contents } = await newPlace();
      const store = await openStore(setting, hashKey);
      await store.clicks.save([clickOf(userKey, 'saved')]);
      await store.clicks.find([userKey, `${userKey}-other`]);
      const click = { hash: hashClickId('saved'), mask: 's…d', at: 5, userKey };
      await store.ledger.claim([claimOf(userKey, { click })]);
      await store.workLog.begin([rangeOf(0, 9)]);
      await store.close();
      const importing = await openClickImport(setting, hashKey);
      await importing.save([clickOf(userKey, 'imported')]);
      await importing.close();
      const stored = await contents();
      expect(stored).toContain('imported');
      expect(stored).toContain('saved');
      expect(stored).not.toContain(userKey);
      expect(stored).not.toContain(hashKey);
      const reader = await readClicks(setting, hashKey);
      onTestFinished(() => reader?.close());
      expect((await reader?.find([userKey]))?.get(userKey)).toHaveLength(2);
      const people = await openPeople(setting, { hashClickId, hashKey });
      onTestFinished(() => people?.close());
      const person = await people?.find(userKey);
      expect(await person?.forget()).toEqual({ userKeys: 1, clicks: 2, conversions: 1 });
    });

    test('refuses another key, and none, and says which it wants', async () => {
      const { setting } = await newPlace();
      await openOnce(setting, hashKey);
      const another = await refusalOf(setting, otherKey);
      expect(another).toMatch(
        /^error: privacy.hashKey: .* hashed with another key \(its fingerprint is [0-9a-f]{12}, that of this one [0-9a-f]{12}\): set that one/,
      );
      expect(await refusalOf(setting)).toMatch(/privacy.hashKey: it is not set, but .*set the key/);
      expect(another).not.toContain(otherKey);
      await open(setting, hashKey);
    });

    test('refuses a key while it has clicks under plain user keys, and takes it without', async () => {
      const { setting } = await newPlace();
      const plain = await openStore(setting);
      await plain.clicks.save([clickOf(userKey, 'a')]);
      await plain.close();
      expect(await refusalOf(setting, hashKey)).toMatch(/clicks under plain user keys.*emptied/);
      const cleared = await openStore(setting);
      expect((await cleared.clicks.find([userKey])).size).toBe(1);
      await cleared.clicks.purge(2_000, 10);
      await cleared.close();
      await open(setting, hashKey);
    });
  });
}
