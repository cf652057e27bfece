import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ClaimResult, Click, LedgerState, Store } from '../../src/store/store.ts';
import { claimOf, type NewPlace, StoreSubject } from './subject.ts';

interface Entry {
  readonly state: 'claimed' | LedgerState;
  readonly owner: number;
  readonly wasInterrupted: boolean;
}

interface Times {
  readonly at: number;
  readonly linkedAt: number;
}

/** What a store should hold, in plain Maps. */
class StoreModel {
  /** Times by user key and click id. */
  readonly clicks = new Map<string, Map<string, Times>>();
  readonly ledger = new Map<string, Entry>();
  owner = 0;

  get clickCount(): number {
    return [...this.clicks.values()].reduce((sum, own) => sum + own.size, 0);
  }

  isOwn(id: string): boolean {
    const entry = this.ledger.get(id);
    return entry?.state === 'claimed' && entry.owner === this.owner;
  }

  claim(id: string): ClaimResult {
    const { owner } = this;
    const known = this.ledger.get(id);
    if (known && known.state !== 'claimed') return known.state;
    const wasInterrupted = known !== undefined;
    this.ledger.set(id, { state: 'claimed', owner, wasInterrupted });
    return wasInterrupted ? 'interrupted' : 'claimed';
  }
}

type Command = (subject: StoreSubject, model: StoreModel) => Promise<void>;

const name = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const names = fc.uniqueArray(name, { maxLength: 4 });
const time = fc.integer({ min: 0, max: 9 });
const click = fc.oneof(
  fc.record({ userKey: name, clickId: name, at: time }),
  fc.record({ userKey: name, clickId: name, at: time, linkedAt: time.map((at) => at + 9) }),
);

function timesOf({ at, linkedAt = at }: Click): Times {
  return { at, linkedAt };
}

function earlier(one: Times, other: Times): Times {
  return { at: Math.min(one.at, other.at), linkedAt: Math.min(one.linkedAt, other.linkedAt) };
}

const save = fc.array(click, { maxLength: 4 }).map(
  (clicks): Command =>
    async (subject, model) => {
      await subject.clicks.save(clicks);
      for (const each of clicks) {
        const own = model.clicks.get(each.userKey) ?? new Map<string, Times>();
        const times = timesOf(each);
        own.set(each.clickId, earlier(times, own.get(each.clickId) ?? times));
        model.clicks.set(each.userKey, own);
      }
    },
);

const find = names.map(
  (userKeys): Command =>
    async (subject, model) => {
      const found = await subject.clicks.find(userKeys);
      const expected = new Map(
        userKeys.flatMap((userKey) => {
          const own = model.clicks.get(userKey);
          return own && own.size > 0 ? [[userKey, own] as const] : [];
        }),
      );
      const asModel = Array.from(found, ([userKey, clicks]) => {
        expect(new Set(clicks.map((each) => each.userKey))).toEqual(new Set([userKey]));
        return [userKey, new Map(clicks.map((each) => [each.clickId, timesOf(each)]))] as const;
      });
      expect(new Map(asModel)).toEqual(expected);
    },
);

const purge = fc.integer({ min: 0, max: 10 }).map(
  (before): Command =>
    async (subject, model) => {
      const count = model.clickCount;
      for (const own of model.clicks.values()) {
        for (const [clickId, { at }] of own) if (at < before) own.delete(clickId);
      }
      expect(await subject.clicks.purge(before, 1_000)).toBe(count - model.clickCount);
    },
);

const forgetEnded: Command = async (subject, model) => {
  const ended = [...model.ledger].filter(([, { state: each }]) => each !== 'claimed');
  for (const [id] of ended) model.ledger.delete(id);
  expect(await subject.ledger.purge(Date.now() + 60_000, 1_000)).toBe(ended.length);
};

const claim = names.map(
  (ids): Command =>
    async (subject, model) => {
      // Nobody claims again what is already his and has no outcome.
      const own = ids.filter((id) => !model.isOwn(id));
      const results = await subject.ledger.claim(own.map((id) => claimOf(id)));
      expect(results).toEqual(own.map((id) => model.claim(id)));
    },
);

const state = fc.constantFrom<LedgerState>('delivered', 'rejected', 'undeliverable');
const settle = fc.tuple(names, state).map(
  ([ids, ended]): Command =>
    async (subject, model) => {
      const own = ids.filter((id) => model.isOwn(id));
      const entry = (id: string) => ({
        key: claimOf(id).key,
        state: ended,
        status: 200,
        attempts: 1,
      });
      await subject.ledger.settle(own.map(entry));
      for (const id of own) {
        model.ledger.set(id, { state: ended, owner: model.owner, wasInterrupted: false });
      }
    },
);

const release = names.map(
  (ids): Command =>
    async (subject, model) => {
      const releasable = ids.filter(
        (id) => model.isOwn(id) || model.ledger.get(id)?.state !== 'claimed',
      );
      await subject.ledger.release(releasable.map((id) => claimOf(id).key));
      for (const id of releasable) {
        const isFresh = model.ledger.get(id)?.wasInterrupted === false;
        if (model.isOwn(id) && isFresh) model.ledger.delete(id);
      }
    },
);

const reopen: Command = async (subject, model) => {
  await subject.reopen();
  model.owner += 1;
};

const command = fc.oneof(
  save,
  find,
  purge,
  claim,
  settle,
  release,
  fc.constant(forgetEnded),
  fc.constant(reopen),
);

/** Whatever is done to a store, it holds what plain Maps would. */
export function testStoreAgainstModel(storeName: string, newPlace: NewPlace): void {
  test(`${storeName} does what a model in plain Maps does`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 1, maxLength: 40 }), async (commands) => {
        const subject = await StoreSubject.create(newPlace);
        const model = new StoreModel();
        for (const run of commands) {
          await run(subject, model);
          await expectCounts(subject, model);
        }
        await subject.close();
      }),
      { numRuns: 40 },
    );
  });
}

async function expectCounts(
  { clicks, ledger }: Pick<Store, 'clicks' | 'ledger'>,
  model: StoreModel,
): Promise<void> {
  expect(await clicks.count()).toBe(model.clickCount);
  expect(await ledger.count()).toBe(model.ledger.size);
}
