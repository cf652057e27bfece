import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openStore } from '../../src/store/open.ts';
import { openRehearsalStore } from '../../src/store/rehearsalStore.ts';
import type { LedgerEntry, LedgerState } from '../../src/store/store.ts';
import { claimOf, clickOf } from './subject.ts';

const hashKey = 'a key that is long enough to be one';

function newSetting(): string {
  const folder = mkdtempSync(join(tmpdir(), 'powerspace-connector-rehearsal-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return `sqlite:${join(folder, 'connector.db')}`;
}

function entryOf(name: string, state: LedgerState): LedgerEntry {
  return { key: claimOf(name).key, state, status: undefined, attempts: 1 };
}

async function open(opening: ReturnType<typeof openStore>) {
  const store = await opening;
  onTestFinished(() => store.close());
  return store;
}

test('a rehearsal finds the clicks of a store that is in use and its own, and leaves that store alone', async () => {
  const setting = newSetting();
  const store = await open(openStore(setting, hashKey));
  await store.clicks.save([clickOf('both', 'stored')]);
  const rehearsal = await open(openRehearsalStore(setting, hashKey));
  await rehearsal.clicks.save([clickOf('both', 'seen'), clickOf('new', 'seen')]);
  const found = await rehearsal.clicks.find(['both', 'new', 'nobody']);
  const idsOf = (userKey: string) => found.get(userKey)?.map(({ clickId }) => clickId);
  expect([idsOf('both')?.toSorted(), idsOf('new'), idsOf('nobody')]).toEqual([
    ['seen', 'stored'],
    ['seen'],
    undefined,
  ]);
  expect([...(await store.clicks.find(['both', 'new'])).values()].flat()).toHaveLength(1);
});

test('a rehearsal claims what the ledger does not have, and nothing in it', async () => {
  const setting = newSetting();
  const { ledger } = await open(openStore(setting));
  const names = ['delivered', 'rejected', 'claimed', 'interrupted'];
  await ledger.claim(names.map((name) => claimOf(name)));
  await ledger.settle([entryOf('delivered', 'delivered'), entryOf('rejected', 'rejected')]);
  await ledger.abandon([claimOf('interrupted').key]);
  const rehearsal = await open(openRehearsalStore(setting));
  const claims = [...names, 'new'].map((name) => claimOf(name));
  const results = ['delivered', 'rejected', 'elsewhere', 'interrupted', 'claimed'];
  expect(await rehearsal.ledger.claim(claims)).toEqual(results);
  await rehearsal.ledger.settle(['interrupted', 'new'].map((name) => entryOf(name, 'delivered')));
  const later = ['delivered', 'rejected', 'elsewhere', 'delivered', 'delivered'];
  expect(await rehearsal.ledger.claim(claims)).toEqual(later);
  expect(await ledger.count()).toBe(names.length);
  expect(await ledger.claim([claimOf('interrupted')])).toEqual(['interrupted']);
});

test('a rehearsal before the first run has a store that knows nothing', async () => {
  const rehearsal = await open(openRehearsalStore(newSetting()));
  expect(await rehearsal.clicks.find(['user'])).toEqual(new Map());
  expect(await rehearsal.ledger.claim([claimOf('new')])).toEqual(['claimed']);
});
