import { describe, expect, onTestFinished, test } from 'vitest';
import {
  countSettled,
  openPeople,
  openStore,
  readClicks,
  readLedger,
} from '../../src/store/open.ts';
import type { NotedAttempt, NotedClick, Store } from '../../src/store/store.ts';
import { claimOf, clickOf } from './subject.ts';

/** A setting `store` that names a store of a test's own, empty at first. */
type NewSetting = () => string | Promise<string>;

const nothing = { userKeys: 0, clicks: 0, conversions: 0 };
const hash = (clickId: string) => `hash of ${clickId}`;

function notedClick(clickId: string, userKey?: string, at = 1_000): NotedClick {
  return { hash: hash(clickId), mask: '…', at, userKey };
}

function attempt(answer: number | string, at = 1_000): NotedAttempt {
  return { at, answer, class: answer === 200 ? 'delivered' : 'transient', milliseconds: 7 };
}

/** What can be asked of a store, and removed from it, while a connector has it open. */
export function testStoreReadersContract(name: string, newSetting: NewSetting): void {
  describe(name, () => {
    describe('read beside a connector', () => testLedgerReader(newSetting));
    describe('counted beside a connector', () => testSettledCounts(newSetting));
    describe('the people in it', () => testPeople(newSetting));
  });
}

async function openBeside(newSetting: NewSetting) {
  const setting = await newSetting();
  const store: Store = await openStore(setting);
  onTestFinished(() => store.close());
  const find = async (id: string) => {
    const ledger = await readLedger(setting);
    try {
      return await ledger?.find(claimOf(id).key);
    } finally {
      await ledger?.close();
    }
  };
  const clicksOf = async (...userKeys: readonly string[]) => {
    const clicks = await readClicks(setting);
    try {
      return [...((await clicks?.find(userKeys)) ?? [])].flatMap(([, found]) => found);
    } finally {
      await clicks?.close();
    }
  };
  const people = async () => {
    const opened = await openPeople(setting, { hashClickId: hash, hashKey: undefined });
    if (!opened) throw new Error('there is no store');
    onTestFinished(() => opened.close());
    return opened;
  };
  return { setting, store, find, clicksOf, people };
}

function testLedgerReader(newSetting: NewSetting): void {
  test('there is no ledger, and nobody, before a connector has run', async () => {
    const setting = await newSetting();
    expect(await readLedger(setting)).toBeUndefined();
    expect(await openPeople(setting, { hashClickId: hash, hashKey: undefined })).toBeUndefined();
  });

  test('the ledger has all that a claim says', async () => {
    const { store, find } = await openBeside(newSetting);
    const before = Date.now();
    const click = notedClick('c-1', 'u-1', 5);
    const place = { topic: 'orders', partition: 3, offset: 2 ** 40 };
    await store.ledger.claim([claimOf('a', { ...place, click, traceId: 'f0' }), claimOf('b')]);
    const { claimedAt, ...noted } = (await find('a')) ?? { claimedAt: 0 };
    expect(noted).toEqual({
      ...{ kind: 'order', state: 'claimed', isInterrupted: false, ...place, click, traceId: 'f0' },
      ...{ reason: undefined, status: undefined, attempts: 0, history: [], settledAt: undefined },
    });
    // The clock of the database may be another one.
    expect(Math.abs(claimedAt - before)).toBeLessThan(3_600_000);
    expect(await find('b')).toMatchObject({ click: undefined, traceId: undefined });
    expect(await find('c')).toBeUndefined();
  });

  test('the ledger has each attempt, and how it ended', async () => {
    const { store, find } = await openBeside(newSetting);
    await store.ledger.claim([claimOf('a'), claimOf('b')]);
    const history = [attempt('ECONNREFUSED', 1), attempt(503, 2), attempt(404, 3)];
    await store.ledger.settle([
      { key: claimOf('b').key, state: 'delivered', status: 200, attempts: 0 },
      {
        ...{ key: claimOf('a').key, state: 'rejected', reason: 'unknown-click', status: 404 },
        ...{ attempts: 3, history },
      },
    ]);
    const noted = await find('a');
    const ended = { state: 'rejected', reason: 'unknown-click', status: 404, attempts: 3, history };
    expect(noted).toMatchObject(ended);
    expect(noted?.settledAt).toBeGreaterThanOrEqual(noted?.claimedAt ?? Number.NaN);
    expect(await find('b')).toMatchObject({ state: 'delivered', reason: undefined, history: [] });
  });

  test('of many attempts the ledger keeps the last 20, and the count of all', async () => {
    const { store, find } = await openBeside(newSetting);
    const key = claimOf('a').key;
    const numbered = (from: number, to: number) =>
      Array.from({ length: to - from + 1 }, (_, index) => attempt(503, from + index));
    await store.ledger.claim([claimOf('a')]);
    const failed = { key, state: 'rejected', status: 503 } as const;
    await store.ledger.settle([{ ...failed, attempts: 15, history: numbered(1, 15) }]);
    await store.ledger.settle([
      { ...failed, state: 'delivered', attempts: 10, history: numbered(16, 25) },
    ]);
    expect(await find('a')).toMatchObject({ attempts: 25, history: numbered(6, 25) });
  });

  test('a claim that is made again after its owner has ended has the click and trace of the last', async () => {
    const { setting, store, find } = await openBeside(newSetting);
    await store.ledger.claim([claimOf('a', { click: notedClick('old'), traceId: '01' })]);
    await store.close();
    const next = await openStore(setting);
    onTestFinished(() => next.close());
    const [click, place] = [notedClick('new', 'u-2'), { partition: 1, offset: 9 }];
    await next.ledger.claim([claimOf('a', { click, traceId: '02', ...place })]);
    const noted = { click, traceId: '02', ...place, isInterrupted: true, state: 'claimed' };
    expect(await find('a')).toMatchObject(noted);
  });
}

function testSettledCounts(newSetting: NewSetting): void {
  const minute = 60_000;
  const none = { delivered: 0, sentAgain: 0, nearEnds: 0, justOutside: 0, open: 0 };

  test('there is nothing to count before a connector has run', async () => {
    expect(await countSettled(await newSetting(), { from: 0, to: 1 })).toBeUndefined();
  });

  test('what was settled within a span is counted by kind and by how it ended', async () => {
    const { setting, store, find } = await openBeside(newSetting);
    const { ledger } = store;
    const ids = ['sure', 'resent', 'killed', 'unknown', 'held', 'open'];
    await ledger.claim([...ids.map((id) => claimOf(id)), claimOf('lead', { kind: 'lead' })]);
    await ledger.abandon([claimOf('killed').key]);
    await ledger.claim([claimOf('killed')]);
    const delivered = { state: 'delivered', status: 200, attempts: 1 } as const;
    const lost = { ...attempt('ETIMEDOUT'), class: 'ambiguous' };
    await ledger.settle([
      { ...delivered, key: claimOf('sure').key, history: [attempt(503), attempt(200)] },
      { ...delivered, key: claimOf('resent').key, history: [lost, attempt(200)] },
      { ...delivered, key: claimOf('killed').key },
      { ...delivered, key: claimOf('lead').key },
      {
        ...{ key: claimOf('unknown').key, state: 'rejected', reason: 'unknown-click' },
        ...{ status: 404, attempts: 1 },
      },
      {
        ...{ key: claimOf('held').key, state: 'undeliverable', reason: 'held' },
        ...{ status: undefined, attempts: 1 },
        history: [lost],
      },
    ]);
    const at = (await find('sure'))?.settledAt ?? Number.NaN;
    const within = { from: at - 10 * minute, to: at + 10 * minute };
    expect(await countSettled(setting, within)).toEqual({
      lead: { ...none, delivered: 1, deadLettered: {} },
      order: {
        ...{ ...none, delivered: 3, sentAgain: 2, open: 1 },
        deadLettered: { 'unknown-click': 1, held: 1 },
      },
    });
    for (const near of [
      { from: at - minute, to: at + 10 * minute },
      { from: at - 10 * minute, to: at + minute },
    ]) {
      expect((await countSettled(setting, near))?.lead).toMatchObject({
        delivered: 1,
        nearEnds: 1,
      });
    }
    for (const beside of [
      { from: at - 10 * minute, to: at - minute },
      { from: at + minute, to: at + 10 * minute },
    ]) {
      const counts = await countSettled(setting, beside);
      expect(counts?.order).toMatchObject({ delivered: 0, justOutside: 3, deadLettered: {} });
    }
    const longAgo = await countSettled(setting, { from: 0, to: minute });
    expect(longAgo?.order).toEqual({ ...none, deadLettered: {} });
  });

  test('a span has its beginning, and not its end', async () => {
    const { setting, store, find } = await openBeside(newSetting);
    await store.ledger.claim([claimOf('a')]);
    const delivered = { state: 'delivered', status: 200, attempts: 1 } as const;
    await store.ledger.settle([{ key: claimOf('a').key, ...delivered }]);
    const at = Math.floor((await find('a'))?.settledAt ?? Number.NaN);
    const counted = async (from: number, to: number) =>
      (await countSettled(setting, { from, to }))?.order.delivered;
    expect([await counted(at, at + 1), await counted(at - 1, at)]).toEqual([1, 0]);
  });
}

function testPeople(newSetting: NewSetting): void {
  const claimFor = (id: string, clickId: string, userKey?: string) =>
    claimOf(id, { click: notedClick(clickId, userKey), traceId: `trace-${id}` });

  test('are found with all keys that share their clicks, whichever key is asked for', async () => {
    const { store, people } = await openBeside(newSetting);
    await store.clicks.save([
      ...[clickOf('visitor', 'a'), clickOf('user', 'a'), clickOf('user', 'b')],
      ...[clickOf('cart', 'b'), clickOf('other', 'c')],
    ]);
    await store.ledger.claim([claimFor('1', 'b', 'cart'), claimFor('2', 'c', 'other')]);
    const { find } = await people();
    for (const key of ['visitor', 'user', 'cart']) {
      expect((await find(key)).rows).toEqual({ userKeys: 3, clicks: 4, conversions: 1 });
    }
    expect((await find('other')).rows).toEqual({ userKeys: 1, clicks: 1, conversions: 1 });
    expect((await find('nobody')).rows).toEqual(nothing);
  });

  test('are forgotten: their clicks are gone, others stay, and nothing is sent twice', async () => {
    const { store, people, find, clicksOf } = await openBeside(newSetting);
    await store.clicks.save([
      ...[clickOf('visitor', 'a'), clickOf('user', 'a'), clickOf('user', 'b')],
      clickOf('other', 'c'),
    ]);
    const claims = [claimFor('1', 'a', 'visitor'), claimFor('2', 'b'), claimFor('3', 'c', 'other')];
    await store.ledger.claim(claims);
    const ended = {
      state: 'delivered',
      status: 200,
      attempts: 1,
      history: [attempt(200)],
    } as const;
    await store.ledger.settle(claims.map(({ key }) => ({ key, ...ended })));
    const beside = await people();
    const person = await beside.find('visitor');
    expect(await clicksOf('visitor')).toHaveLength(1);
    expect(await person.forget()).toEqual({ userKeys: 2, clicks: 3, conversions: 2 });
    expect(await clicksOf('visitor', 'user', 'other')).toEqual([clickOf('other', 'c')]);
    for (const id of ['1', '2']) {
      expect(await find(id)).toMatchObject({ click: undefined, traceId: undefined, ...ended });
    }
    expect(await find('3')).toMatchObject({ click: notedClick('c', 'other'), traceId: 'trace-3' });
    expect(await store.ledger.claim(claims)).toEqual(['delivered', 'delivered', 'delivered']);
    expect((await beside.find('visitor')).rows).toEqual(nothing);
  });

  test('are found along links of the ledger, too, and on from there', async () => {
    const { store, people } = await openBeside(newSetting);
    await store.clicks.save([clickOf('user', 'b'), clickOf('cart', 'b'), clickOf('cart', 'c')]);
    await store.ledger.claim([
      ...[claimFor('1', 'a', 'visitor'), claimFor('2', 'a', 'user'), claimFor('3', 'd', 'cart')],
      ...[claimFor('4', 'd', 'phone'), claimFor('5', 'e', 'other')],
    ]);
    const { rows } = await (await people()).find('visitor');
    expect(rows).toEqual({ userKeys: 4, clicks: 3, conversions: 4 });
  });

  test('are known by the ledger alone once their clicks are purged', async () => {
    const { store, people, find } = await openBeside(newSetting);
    await store.ledger.claim([claimFor('1', 'a', 'visitor'), claimFor('2', 'a', 'user')]);
    const beside = await people();
    const { forget } = await beside.find('user');
    expect(await forget()).toEqual({ userKeys: 2, clicks: 0, conversions: 2 });
    expect(await find('1')).toMatchObject({ click: undefined, traceId: undefined });
  });

  test('that share a click with a crowd are left as they are', async () => {
    const { store, people, clicksOf } = await openBeside(newSetting);
    const crowd = Array.from({ length: 1_001 }, (_, index) => clickOf(`user-${index}`, 'shared'));
    await store.clicks.save(crowd);
    const { find } = await people();
    await expect(find('user-7')).rejects.toThrow('more than 1000 user keys');
    expect(await clicksOf('user-7')).toEqual([clickOf('user-7', 'shared')]);
  });
}
