import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { SourceRecord } from '../../src/kafka/partition.ts';
import { AssignedPartition } from '../../src/kafka/partition.ts';
import { createClaim } from '../../src/pipeline/claim.ts';
import { type Delivery, Outstanding } from '../../src/pipeline/delivery.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import type { Store } from '../../src/store/store.ts';
import { ManualClock, settlePromises } from '../manualClock.ts';
import { conversion, record, silentSpan } from './fixtures.ts';

let store: Store;
let outstanding: Outstanding;
let letGo: SourceRecord[];
let claim: ReturnType<typeof createClaim>;

beforeEach(() => {
  store = openSqliteStore(':memory:');
  outstanding = new Outstanding();
  letGo = [];
  claim = createClaim({
    ledger: store.ledger,
    outstanding,
    clock: new ManualClock(),
    ...{ random: () => 0, stopping: new AbortController().signal },
    untilAvailable: (work) => work(),
    untilGivenBack: (work) => work(),
    letGo: (released) => letGo.push(released),
  });
});

afterEach(() => store.close());

const keysOf = (items: readonly { key: Buffer }[]) => items.map(({ key }) => key.toString());

describe('claiming', () => {
  test('passes what was never claimed on, and notes it in the ledger', async () => {
    const { passed, settled } = await claim([conversion('a'), conversion('b')]);
    expect([keysOf(passed), settled]).toEqual([['a', 'b'], []]);
    expect(await store.ledger.count()).toBe(2);
    expect(outstanding.size).toBe(2);
  });

  test('notes of each what explains it later, and no click id', async () => {
    const ledger = vi.spyOn(store.ledger, 'claim');
    const plain = conversion('a', { clickId: 'click-of-user', at: 7 });
    const anonymous = { ...plain.click, userKey: '' };
    await claim([
      { ...plain, span: { ...silentSpan, traceId: 'f0' } },
      { ...conversion('b'), click: anonymous },
    ]);
    const claims = ledger.mock.calls.flatMap(([given]) => given);
    const { hash } = claims[0]?.click ?? {};
    expect(claims).toMatchObject([
      {
        traceId: 'f0',
        click: {
          hash: expect.stringMatching(/^[0-9a-f]{12}$/),
          mask: 'c…r',
          at: 7,
          userKey: 'user',
        },
      },
      { click: { hash, mask: 'c…r', at: 7, userKey: undefined } },
    ]);
    expect(JSON.stringify(claims)).not.toContain('click-of-user');
  });

  test('takes the second record of the same conversion, in one chunk, for a duplicate', async () => {
    const second = record(1);
    const { passed, settled } = await claim([
      conversion('a', { source: record(0) }),
      conversion('a', { source: second }),
    ]);
    expect(keysOf(passed)).toEqual(['a']);
    expect(settled).toMatchObject([{ record: second, outcome: { outcome: 'duplicate' } }]);
  });

  test('takes another record of a conversion that is being delivered for a duplicate', async () => {
    await claim([conversion('a', { source: record(0) })]);
    const { passed, settled } = await claim([conversion('a', { source: record(7) })]);
    expect([passed, settled.length]).toEqual([[], 1]);
  });

  test.each(['delivered', 'rejected', 'undeliverable'] as const)(
    'takes what the ledger has as %s for a duplicate',
    async (state) => {
      const { passed } = await claim([conversion('a')]);
      for (const ended of passed) {
        await store.ledger.settle([ended.entry(state)]);
        outstanding.remove(ended);
      }
      const { settled } = await claim([conversion('a', { source: record(5) })]);
      expect(settled).toMatchObject([{ outcome: { outcome: 'duplicate' } }]);
    },
  );

  test('lets a delivery go on for its own record when that is read again after a rebalance', async () => {
    const before = record(3);
    const { passed } = await claim([conversion('a', { source: before })]);
    before.source.isRevoked = true;
    const again = record(3, new AssignedPartition('orders', 0));
    const result = await claim([conversion('a', { source: again })]);
    expect(result).toEqual({ passed: [], settled: [] });
    expect(passed[0]?.record).toBe(again);
    expect(letGo).toEqual([before]);
  });

  test('lets go of records whose partition was revoked, and claims nothing for them', async () => {
    const revoked = record(0);
    revoked.source.isRevoked = true;
    const result = await claim([conversion('a', { source: revoked })]);
    expect([result, letGo]).toEqual([{ passed: [], settled: [] }, [revoked]]);
    expect(await store.ledger.count()).toBe(0);
  });

  test('waits for a claim that is being given back before it claims the same again', async () => {
    const [first] = (await claim([conversion('a')])).passed;
    const release = Promise.withResolvers<void>();
    if (!first) throw new Error('nothing was claimed');
    outstanding.releasing(
      first,
      release.promise.then(() => store.ledger.release([first.key])),
    );
    const again = claim([conversion('a')]);
    release.resolve();
    const { passed } = await again;
    expect(passed[0]?.wasInterrupted).toBe(false);
    expect(await store.ledger.count()).toBe(1);
  });

  test('waits for one that begins to be given back while it waits for another', async () => {
    const [first, second] = (await claim([conversion('a'), conversion('b')])).passed;
    if (!first || !second) throw new Error('nothing was claimed');
    const releases = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
    const release = async (index: 0 | 1, { key }: Delivery) => {
      await releases[index].promise;
      await store.ledger.release([key]);
    };
    outstanding.releasing(first, release(0, first));
    const again = claim([conversion('a'), conversion('b')]);
    releases[0].resolve();
    outstanding.releasing(second, release(1, second));
    await settlePromises();
    releases[1].resolve();
    const { passed } = await again;
    expect(keysOf(passed)).toEqual(['a', 'b']);
    expect(await store.ledger.count()).toBe(2);
  });

  test('leaves it to whoever gives a claim back to tell that it failed', async () => {
    const [first] = (await claim([conversion('a')])).passed;
    if (!first) throw new Error('nothing was claimed');
    const failure = new Error('no time left');
    const release = Promise.reject(failure);
    outstanding.releasing(first, release);
    await expect(release).rejects.toBe(failure);
    await settlePromises();
    expect(outstanding.isReleasing([first.key])).toBe(false);
  });
});
