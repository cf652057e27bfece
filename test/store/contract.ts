import { describe, expect, test } from 'vitest';
import { claimOf, clickOf, type NewPlace, rangeOf, StoreSubject } from './subject.ts';

const minute = 60_000;

/** What every store promises (src/store/store.ts), whatever it is built on. */
export function testStoreContract(name: string, newPlace: NewPlace): void {
  describe(name, () => {
    describe('clicks', () => testClicks(newPlace));
    describe('the ledger', () => testLedger(newPlace));
    describe('the work log', () => testWorkLog(newPlace));
  });
}

function testClicks(newPlace: NewPlace): void {
  test('are found under their user keys, with all their history', async () => {
    const { clicks } = await StoreSubject.create(newPlace);
    const [first, second] = [clickOf('user', 'a', 1), clickOf('user', 'b', 2)];
    await clicks.save([first, second, clickOf('other', 'a', 3)]);
    await clicks.save([clickOf('user', 'c', 3)]);
    const found = await clicks.find(['user', 'nobody']);
    expect([...found.keys()]).toEqual(['user']);
    const sorted = found.get('user')?.toSorted((one, other) => one.at - other.at);
    expect(sorted).toEqual([first, second, clickOf('user', 'c', 3)]);
  });

  test('that are there already change nothing', async () => {
    const { clicks } = await StoreSubject.create(newPlace);
    await clicks.save([clickOf('user', 'a', 1), clickOf('user', 'a', 1)]);
    await clicks.save([clickOf('user', 'a', 2)]);
    expect(await clicks.count()).toBe(1);
    expect((await clicks.find(['user'])).get('user')).toEqual([clickOf('user', 'a', 1)]);
  });

  test('are linked to a user key since the earliest time told, or since they happened', async () => {
    const { clicks } = await StoreSubject.create(newPlace);
    const linked = (at: number, linkedAt: number) => ({ ...clickOf('user', 'a', at), linkedAt });
    const stored = async () => (await clicks.find(['user'])).get('user');
    await clicks.save([linked(1, 9), linked(1, 7), linked(1, 8)]);
    expect(await stored()).toEqual([linked(1, 7)]);
    await clicks.save([linked(1, 9)]);
    await clicks.save([linked(2, 5)]);
    expect(await stored()).toEqual([linked(1, 5)]);
    await clicks.save([clickOf('user', 'a', 1)]);
    await clicks.save([linked(1, 3)]);
    expect(await stored()).toEqual([clickOf('user', 'a', 1)]);
  });

  test('of 2,000 user keys are found at once', async () => {
    const { clicks } = await StoreSubject.create(newPlace);
    const userKeys = Array.from({ length: 2_000 }, (_, index) => `user-${index}`);
    const known = userKeys.filter((_, index) => index % 2 === 0);
    await clicks.save(known.map((userKey, at) => clickOf(userKey, `click-${at}`, at)));
    const found = await clicks.find(userKeys);
    expect([...found.keys()].toSorted()).toEqual(known.toSorted());
    expect(found.get('user-1998')).toEqual([clickOf('user-1998', 'click-999', 999)]);
  });

  test.each([
    '',
    ' ',
    '007',
    '7',
    '1e3',
    'null',
    "o'neill",
    '"a"',
    '[1]',
    'é',
    'e\u0301',
    '%',
    '\u{1f600}',
  ])('are kept apart by the exact characters of the user key: %j', async (userKey) => {
    const { clicks } = await StoreSubject.create(newPlace);
    await clicks.save([clickOf(userKey, 'a'), clickOf(`${userKey}x`, 'b')]);
    const found = await clicks.find([userKey]);
    expect([...found]).toEqual([[userKey, [clickOf(userKey, 'a')]]]);
  });

  test.each([0, -1, 1_767_225_600_000, Number.MAX_SAFE_INTEGER, 1.8e18])(
    'keep their time, also one far from today: %d',
    async (at) => {
      const { clicks } = await StoreSubject.create(newPlace);
      await clicks.save([clickOf('user', 'a', at)]);
      expect((await clicks.find(['user'])).get('user')).toEqual([clickOf('user', 'a', at)]);
    },
  );

  test('of no user keys are none', async () => {
    const { clicks } = await StoreSubject.create(newPlace);
    await clicks.save([]);
    expect((await clicks.find([])).size).toBe(0);
    expect(await clicks.count()).toBe(0);
  });

  test('older than a time are purged in steps', async () => {
    const { clicks } = await StoreSubject.create(newPlace);
    await clicks.save(
      Array.from({ length: 25 }, (_, at) => clickOf(`user-${at % 3}`, `${at}`, at)),
    );
    const removed = [];
    for (let step = 0; step < 4; step += 1) removed.push(await clicks.purge(20, 8));
    expect(removed).toEqual([8, 8, 4, 0]);
    expect(await clicks.count()).toBe(5);
    const left = [...(await clicks.find(['user-0', 'user-1', 'user-2'])).values()].flat();
    expect(left.map(({ at }) => at).toSorted()).toEqual([20, 21, 22, 23, 24]);
  });

  test('are still there when it is opened again', async () => {
    const subject = await StoreSubject.create(newPlace);
    await subject.clicks.save([clickOf('user', 'a')]);
    await subject.reopen();
    expect((await subject.clicks.find(['user'])).get('user')).toEqual([clickOf('user', 'a')]);
  });
}

function testLedger(newPlace: NewPlace): void {
  const settled = (id: string, state: 'delivered' | 'rejected' | 'undeliverable') => ({
    ...{ key: claimOf(id).key, state, status: state === 'undeliverable' ? undefined : 200 },
    attempts: 1,
  });

  test('gives a claim to whoever makes it first, in the order of the claims', async () => {
    const { ledger } = await StoreSubject.create(newPlace);
    await ledger.claim([claimOf('b')]);
    await ledger.settle([settled('b', 'delivered')]);
    const results = await ledger.claim([claimOf('a'), claimOf('b'), claimOf('c')]);
    expect(results).toEqual(['claimed', 'delivered', 'claimed']);
    expect(await ledger.count()).toBe(3);
  });

  test.each(['delivered', 'rejected', 'undeliverable'] as const)(
    'answers a claim with how it ended earlier: %s',
    async (state) => {
      const subject = await StoreSubject.create(newPlace);
      await subject.ledger.claim([claimOf('a')]);
      await subject.ledger.settle([settled('a', state)]);
      expect(await subject.ledger.claim([claimOf('a')])).toEqual([state]);
      await subject.reopen();
      expect(await subject.ledger.claim([claimOf('a', { offset: 7 })])).toEqual([state]);
    },
  );

  test('claims anew what has ended in a state that the claim goes over, and nothing else', async () => {
    const subject = await StoreSubject.create(newPlace);
    const claims = ['a', 'b', 'c'].map((id) => claimOf(id));
    await subject.ledger.claim(claims);
    await subject.ledger.settle([
      ...[settled('a', 'delivered'), settled('b', 'rejected'), settled('c', 'undeliverable')],
    ]);
    await subject.reopen();
    const over = ['rejected', 'undeliverable'] as const;
    expect(await subject.ledger.claim(claims, over)).toEqual(['delivered', 'claimed', 'claimed']);
    await subject.ledger.settle([settled('b', 'delivered')]);
    expect(await subject.ledger.claim(claims)).toEqual(['delivered', 'delivered', 'claimed']);
    await subject.reopen();
    expect(await subject.ledger.claim(claims, over)).toEqual([
      ...['delivered', 'delivered', 'interrupted'],
    ]);
  });

  test('says that a claim of an owner that has ended was interrupted', async () => {
    const subject = await StoreSubject.create(newPlace);
    await subject.ledger.claim([claimOf('a')]);
    await subject.reopen();
    expect(await subject.ledger.claim([claimOf('a')])).toEqual(['interrupted']);
    await subject.ledger.settle([settled('a', 'delivered')]);
    expect(await subject.ledger.claim([claimOf('a')])).toEqual(['delivered']);
  });

  test('forgets in steps what ended before a time, as if it had never been claimed', async () => {
    const { ledger } = await StoreSubject.create(newPlace);
    const ids = Array.from({ length: 25 }, (_, index) => `${index}`);
    await ledger.claim([...ids, 'open'].map((id) => claimOf(id)));
    await ledger.settle(ids.map((id) => settled(id, 'delivered')));
    const [past, future] = [Date.now() - minute, Date.now() + minute];
    expect(await ledger.purge(past, 100)).toBe(0);
    const removed = [];
    for (let step = 0; step < 4; step += 1) removed.push(await ledger.purge(future, 10));
    expect(removed).toEqual([10, 10, 5, 0]);
    expect(await ledger.count()).toBe(1);
    expect(await ledger.claim([claimOf('0'), claimOf('open')])).toEqual(['claimed', 'claimed']);
  });

  test('does not forget what has not ended, however old, also when its owner has', async () => {
    const subject = await StoreSubject.create(newPlace);
    await subject.ledger.claim([claimOf('a'), claimOf('b')]);
    await subject.ledger.abandon([claimOf('b').key]);
    await subject.reopen();
    expect(await subject.ledger.purge(Date.now() + minute, 100)).toBe(0);
    expect(await subject.ledger.claim([claimOf('a'), claimOf('b')])).toEqual([
      'interrupted',
      'interrupted',
    ]);
  });

  test('is claimed, and not interrupted, for the owner that has claimed it already', async () => {
    const subject = await StoreSubject.create(newPlace);
    await subject.ledger.claim([claimOf('a')]);
    expect(await subject.ledger.claim([claimOf('a')])).toEqual(['claimed']);
  });

  test('says so again after a second owner has ended', async () => {
    const subject = await StoreSubject.create(newPlace);
    await subject.ledger.claim([claimOf('a')]);
    for (let owner = 0; owner < 2; owner += 1) {
      await subject.reopen();
      expect(await subject.ledger.claim([claimOf('a')])).toEqual(['interrupted']);
    }
  });

  test('takes a claim that was released back as if it had never been made', async () => {
    const subject = await StoreSubject.create(newPlace);
    await subject.ledger.claim([claimOf('a'), claimOf('b')]);
    await subject.ledger.release([claimOf('a').key]);
    expect(await subject.ledger.count()).toBe(1);
    expect(await subject.ledger.claim([claimOf('a')])).toEqual(['claimed']);
    await subject.ledger.release([claimOf('a').key]);
    await subject.reopen();
    expect(await subject.ledger.claim([claimOf('a')])).toEqual(['claimed']);
  });

  test('says that a claim that was abandoned was interrupted, also for the owner that has abandoned it', async () => {
    const subject = await StoreSubject.create(newPlace);
    await subject.ledger.claim([claimOf('a'), claimOf('b')]);
    await subject.ledger.abandon([claimOf('a').key, claimOf('unknown').key]);
    const again = () => subject.ledger.claim([claimOf('a'), claimOf('b')]);
    expect(await again()).toEqual(['interrupted', 'claimed']);
    expect(await again()).toEqual(['interrupted', 'claimed']);
    await subject.ledger.settle([settled('a', 'delivered')]);
    await subject.ledger.abandon([claimOf('a').key]);
    await subject.reopen();
    expect(await again()).toEqual(['delivered', 'interrupted']);
  });

  test('says that a claim that was taken over was interrupted when it is made again', async () => {
    const subject = await StoreSubject.create(newPlace);
    await subject.ledger.claim([claimOf('a')]);
    await subject.reopen();
    expect(subject.ledger.isWithinLease()).toBe(true);
    expect(await subject.ledger.claim([claimOf('a')])).toEqual(['interrupted']);
    expect(await subject.ledger.claim([claimOf('a')])).toEqual(['interrupted']);
  });

  test('settles again without a change what was settled already', async () => {
    const { ledger } = await StoreSubject.create(newPlace);
    await ledger.claim([claimOf('a')]);
    await ledger.settle([settled('a', 'delivered')]);
    await ledger.settle([settled('a', 'delivered')]);
    expect(await ledger.claim([claimOf('a')])).toEqual(['delivered']);
  });

  test('does not forget that a claim was interrupted when it is released', async () => {
    const subject = await StoreSubject.create(newPlace);
    await subject.ledger.claim([claimOf('a')]);
    await subject.reopen();
    await subject.ledger.claim([claimOf('a'), claimOf('b')]);
    await subject.ledger.release([claimOf('a').key, claimOf('b').key]);
    expect(await subject.ledger.count()).toBe(1);
    expect(await subject.ledger.claim([claimOf('a')])).toEqual(['interrupted']);
  });

  test('releases only what is claimed, never what has ended', async () => {
    const { ledger } = await StoreSubject.create(newPlace);
    await ledger.claim([claimOf('a')]);
    await ledger.settle([settled('a', 'delivered')]);
    await ledger.release([claimOf('a').key, claimOf('unknown').key]);
    expect(await ledger.claim([claimOf('a')])).toEqual(['delivered']);
  });

  test('makes all claims of a chunk or none', async () => {
    const { ledger } = await StoreSubject.create(newPlace);
    const broken = claimOf('broken', { topic: null as unknown as string });
    await expect(ledger.claim([claimOf('a'), broken, claimOf('b')])).rejects.toThrow();
    expect(await ledger.count()).toBe(0);
    expect(await ledger.claim([claimOf('a'), claimOf('b')])).toEqual(['claimed', 'claimed']);
  });

  test('settles all of a chunk or none', async () => {
    const subject = await StoreSubject.create(newPlace);
    await subject.ledger.claim([claimOf('a'), claimOf('b')]);
    const broken = { ...settled('b', 'delivered'), state: null as unknown as 'delivered' };
    await expect(subject.ledger.settle([settled('a', 'delivered'), broken])).rejects.toThrow();
    await subject.reopen();
    const results = await subject.ledger.claim([claimOf('a'), claimOf('b')]);
    expect(results).toEqual(['interrupted', 'interrupted']);
  });

  test('takes 2,000 claims and settles them', async () => {
    const { ledger } = await StoreSubject.create(newPlace);
    const ids = Array.from({ length: 2_000 }, (_, index) => `order-${index}`);
    const claims = ids.map((id, offset) => claimOf(id, { offset }));
    expect(new Set(await ledger.claim(claims))).toEqual(new Set(['claimed']));
    await ledger.settle(ids.map((id) => settled(id, 'delivered')));
    expect(new Set(await ledger.claim(claims))).toEqual(new Set(['delivered']));
    expect(await ledger.count()).toBe(2_000);
  });
}

function testWorkLog(newPlace: NewPlace): void {
  test('has nothing to tell at first, nor of work that has ended', async () => {
    const subject = await StoreSubject.create(newPlace);
    expect(await subject.workLog.crashed()).toEqual([]);
    await subject.workLog.begin([rangeOf(0, 9)]);
    await subject.workLog.end();
    await subject.reopen();
    expect(await subject.workLog.crashed()).toEqual([]);
  });

  test('tells what a process was at work on when it ended, until it is forgotten', async () => {
    const subject = await StoreSubject.create(newPlace);
    const ranges = [rangeOf(5, 9, 0), rangeOf(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, 1)];
    await subject.workLog.begin(ranges);
    await subject.reopen();
    const crashed = ranges.map((range) => ({ ...range, crashes: 1 }));
    expect(await subject.workLog.crashed()).toEqual(crashed);
    expect(await subject.workLog.crashed()).toEqual(crashed);
    await subject.reopen();
    expect(await subject.workLog.crashed()).toEqual(crashed);
    await subject.workLog.forget([rangeOf(5, 9, 0), rangeOf(5, 8, 1)]);
    await subject.reopen();
    expect(await subject.workLog.crashed()).toEqual(crashed.slice(1));
  });

  test('tells only of what was begun last', async () => {
    const subject = await StoreSubject.create(newPlace);
    await subject.workLog.begin([rangeOf(0, 9)]);
    await subject.workLog.begin([rangeOf(10, 19)]);
    await subject.reopen();
    expect(await subject.workLog.crashed()).toEqual([{ ...rangeOf(10, 19), crashes: 1 }]);
  });

  test('does not take what its own process is at work on for a crash', async () => {
    const { workLog } = await StoreSubject.create(newPlace);
    await workLog.begin([rangeOf(0, 9)]);
    expect(await workLog.crashed()).toEqual([]);
  });

  test('counts how many processes ended at work on the same range', async () => {
    const subject = await StoreSubject.create(newPlace);
    for (const range of [rangeOf(0, 9), rangeOf(4, 4), rangeOf(4, 4)]) {
      await subject.workLog.begin([range]);
      await subject.reopen();
      await subject.workLog.crashed();
    }
    const crashed = await subject.workLog.crashed();
    expect(crashed).toHaveLength(2);
    expect(crashed).toContainEqual({ ...rangeOf(0, 9), crashes: 1 });
    expect(crashed).toContainEqual({ ...rangeOf(4, 4), crashes: 2 });
  });

  test('loses no crash when the next process ends before it has asked', async () => {
    const subject = await StoreSubject.create(newPlace);
    await subject.workLog.begin([rangeOf(0, 9)]);
    await subject.reopen();
    await subject.reopen();
    expect(await subject.workLog.crashed()).toEqual([{ ...rangeOf(0, 9), crashes: 1 }]);
  });
}
