import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openStore } from '../../src/store/open.ts';
import type { Store } from '../../src/store/store.ts';
import { claimOf, clickOf, rangeOf } from '../store/subject.ts';
import { ownSchema } from './ownSchema.ts';
import { realPart } from './services.ts';
import { until } from './until.ts';

const second = 1_000;

async function openForTest(setting: string): Promise<Store> {
  const store = await openStore(setting);
  onTestFinished(() => store.close());
  return store;
}

function settled(id: string, state: 'delivered' | 'rejected' = 'delivered') {
  return { key: claimOf(id).key, state, status: 200, attempts: 1 };
}

/** A process that has the store open, has claimed `a` and begun to work, and does nothing more. */
async function otherProcess(setting: string) {
  const modules = ['open.ts', '../../test/store/subject.ts'].map((name) =>
    JSON.stringify(import.meta.resolve(`../../src/store/${name}`)),
  );
  const script = `
    import { openStore } from ${modules[0]};
    import { hash } from 'node:crypto';
    const { ledger, workLog } = await openStore(${JSON.stringify(setting)});
    const key = hash('sha256', 'a', 'buffer');
    await ledger.claim([{ key, kind: 'order', topic: 'orders', partition: 0, offset: 0 }]);
    await workLog.begin([${JSON.stringify(rangeOf(0, 9))}]);
    console.log('claimed');
    setInterval(() => console.log(ledger.isWithinLease()), 100);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let last = '';
  child.stdout.setEncoding('utf8').on('data', (data: string) => {
    last = data.trim().split('\n').at(-1) ?? '';
  });
  await once(child.stdout, 'data');
  return { child, lastLine: () => last };
}

describe('two replicas on one Postgres', () => {
  test('never get the same claim, however many ask at once', async (context) => {
    const { setting } = await ownSchema(realPart('postgres', context).url);
    const stores = await Promise.all([1, 2, 3].map(() => openForTest(setting)));
    const ids = Array.from({ length: 500 }, (_, index) => `order-${index}`);
    const claimAll = async ({ ledger }: Store, partition: number) => {
      const claims = ids.map((id, offset) => claimOf(id, { partition, offset }));
      // Each in an order of its own.
      const ordered = partition === 1 ? claims.toReversed() : claims;
      const results = await ledger.claim(ordered);
      return partition === 1 ? results.toReversed() : results;
    };
    const results = await Promise.all(stores.map(claimAll));
    for (const [index, id] of ids.entries()) {
      const own = results.map((each) => each[index]).filter((result) => result === 'claimed');
      expect(own, id).toHaveLength(1);
    }
    const again = await Promise.all(stores.map(claimAll));
    const isOwn = (result: unknown) => result === 'claimed';
    expect(again.map((each) => each.map(isOwn))).toEqual(results.map((each) => each.map(isOwn)));
    expect(new Set(again.flat())).toEqual(new Set(['claimed', 'elsewhere']));
  });

  test('tell a claim for another record from one for the same, as long as its owner lives', async (context) => {
    const { setting } = await ownSchema(realPart('postgres', context).url);
    const [one, other] = [await openForTest(setting), await openForTest(setting)];
    await one.ledger.claim([claimOf('a', { offset: 1 }), claimOf('b', { offset: 2 })]);
    const again = () =>
      other.ledger.claim([claimOf('a', { offset: 1 }), claimOf('b', { offset: 9 }), claimOf('c')]);
    expect(await again()).toEqual(['busy', 'elsewhere', 'claimed']);
    await one.ledger.settle([settled('b')]);
    await one.ledger.release([claimOf('a').key]);
    expect(await again()).toEqual(['claimed', 'delivered', 'claimed']);
    expect(await one.ledger.claim([claimOf('a', { offset: 1 })])).toEqual(['busy']);
  });

  test('touch no claim of each other', async (context) => {
    const { setting } = await ownSchema(realPart('postgres', context).url);
    const [one, other] = [await openForTest(setting), await openForTest(setting)];
    await one.ledger.claim([claimOf('a')]);
    await other.ledger.release([claimOf('a').key]);
    await other.ledger.abandon([claimOf('a').key]);
    expect(await other.ledger.claim([claimOf('a')])).toEqual(['busy']);
    expect(await one.ledger.claim([claimOf('a')])).toEqual(['claimed']);
  });

  test('hand over at once what one abandons, or leaves when it ends in good order', async (context) => {
    const { setting } = await ownSchema(realPart('postgres', context).url);
    const [one, other] = [await openForTest(setting), await openForTest(setting)];
    await one.ledger.claim([claimOf('a'), claimOf('b')]);
    await one.ledger.abandon([claimOf('a').key]);
    const again = () => other.ledger.claim([claimOf('a'), claimOf('b')]);
    expect(await again()).toEqual(['interrupted', 'busy']);
    await one.close();
    expect(await again()).toEqual(['interrupted', 'interrupted']);
  });

  test('let a delivery stand that was told late, by an owner that was taken for ended', async (context) => {
    const schema = await ownSchema(realPart('postgres', context).url);
    const [one, other] = [await openForTest(schema.setting), await openForTest(schema.setting)];
    await one.ledger.claim([claimOf('a'), claimOf('b')]);
    await one.ledger.abandon([claimOf('a').key, claimOf('b').key]);
    await other.ledger.claim([claimOf('a'), claimOf('b')]);
    await other.ledger.settle([settled('a', 'rejected'), settled('b')]);
    await one.ledger.settle([settled('a'), settled('b', 'rejected')]);
    expect(await one.ledger.claim([claimOf('a'), claimOf('b')])).toEqual([
      'delivered',
      'delivered',
    ]);
  });

  test('take over from one that was killed once its lease is over, and tell what it was at work on', async (context) => {
    const { setting } = await ownSchema(realPart('postgres', context).url);
    const { child } = await otherProcess(setting);
    const { ledger, workLog } = await openForTest(setting);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const killedAt = performance.now();
    expect(await ledger.claim([claimOf('a')])).toEqual(['busy']);
    expect(await workLog.crashed()).toEqual([]);
    await until(
      () => ledger.claim([claimOf('a')]),
      ([result]) => result === 'interrupted',
      20 * second,
    );
    const seconds = (performance.now() - killedAt) / second;
    expect(seconds).toBeGreaterThan(5);
    expect(seconds).toBeLessThan(16);
    expect(await workLog.crashed()).toEqual([{ ...rangeOf(0, 9), crashes: 1 }]);
  });

  test('take over from one that stands still, which knows it before it goes on', async (context) => {
    const { setting } = await ownSchema(realPart('postgres', context).url);
    const { child, lastLine } = await otherProcess(setting);
    const { ledger } = await openForTest(setting);
    await until(lastLine, (line) => line === 'true', 5 * second);
    child.kill('SIGSTOP');
    await until(
      () => ledger.claim([claimOf('a')]),
      ([result]) => result === 'interrupted',
      20 * second,
    );
    const lines: string[] = [];
    child.stdout.on('data', (data: string) => lines.push(...data.trim().split('\n')));
    child.kill('SIGCONT');
    await until(lastLine, (line) => line === 'true' && lines.length > 2, 5 * second);
    expect(lines[0]).toBe('false');
  });

  test('open it for the first time at once', async (context) => {
    for (let round = 0; round < 5; round += 1) {
      const { setting } = await ownSchema(realPart('postgres', context).url);
      const stores = await Promise.all(Array.from({ length: 6 }, () => openForTest(setting)));
      await stores[0]?.clicks.save([clickOf('user', 'a')]);
      for (const { clicks } of stores) expect(await clicks.count()).toBe(1);
    }
  });

  test('save and purge the same clicks at once without waiting for each other', async (context) => {
    const { setting } = await ownSchema(realPart('postgres', context).url);
    const [one, other] = [await openForTest(setting), await openForTest(setting)];
    const clicks = Array.from({ length: 2_000 }, (_, at) => clickOf(`user-${at}`, 'a', at));
    await Promise.all([
      ...[1, 2, 3].map(() => one.clicks.save(clicks)),
      ...[1, 2, 3].map(() => other.clicks.save(clicks.toReversed())),
    ]);
    const removed = await Promise.all([
      one.clicks.purge(1_000, 1_000),
      other.clicks.purge(1_000, 1_000),
      one.clicks.find(clicks.map(({ userKey }) => userKey)),
    ]);
    expect(removed[0] + removed[1]).toBe(1_000);
    expect(await one.clicks.count()).toBe(1_000);
  });

  test('purge the ledger at once while one claims, and no claim is lost', async (context) => {
    const { setting } = await ownSchema(realPart('postgres', context).url);
    const [one, other] = [await openForTest(setting), await openForTest(setting)];
    const claims = Array.from({ length: 2_000 }, (_, index) => claimOf(`${index}`));
    await one.ledger.claim(claims);
    await one.ledger.settle(
      claims.map(({ key }) => ({ key, state: 'delivered', status: 200, attempts: 1 })),
    );
    const later = Date.now() + 60_000;
    const [first, second, results] = await Promise.all([
      one.ledger.purge(later, 1_000),
      other.ledger.purge(later, 1_000),
      one.ledger.claim(claims),
    ]);
    expect(Math.max(first, second)).toBeGreaterThan(0);
    expect(new Set([...results, 'claimed', 'delivered'])).toEqual(
      new Set(['claimed', 'delivered']),
    );
    while ((await other.ledger.purge(later, 1_000)) > 0);
    const claimed = results.filter((result) => result === 'claimed').length;
    expect(await one.ledger.count()).toBe(claimed);
  });
});
