import { expect, test } from 'vitest';
import { createClaim } from '../../src/pipeline/claim.ts';
import { Outstanding } from '../../src/pipeline/delivery.ts';
import type { ClaimResult, Ledger } from '../../src/store/store.ts';
import { ManualClock, settlePromises } from '../manualClock.ts';
import { conversion, record } from './fixtures.ts';

/** A claim step whose ledger answers as the test says; `asked` and `released` have the keys. */
function start(answers: readonly (readonly ClaimResult[])[]) {
  const clock = new ManualClock();
  const stopping = new AbortController();
  const asked: (readonly string[])[] = [];
  const released: string[] = [];
  const letGo: number[] = [];
  const ledger = {
    claim: async (claims) => {
      asked.push(claims.map(({ key }) => key.toString()));
      return answers[asked.length - 1] ?? [];
    },
    release: async (keys) => void released.push(...keys.map((key) => key.toString())),
  } as Partial<Ledger> as Ledger;
  const claim = createClaim({
    ...{ ledger, clock, outstanding: new Outstanding(), stopping: stopping.signal },
    random: () => 0,
    untilAvailable: (work) => work(),
    untilGivenBack: (work) => work(),
    letGo: ({ offset }) => letGo.push(offset),
  });
  return { claim, clock, stopping, asked, released, letGo };
}

const chunk = () => ['a', 'b', 'c'].map((id, offset) => conversion(id, { source: record(offset) }));

test('what another owner has yet to let go of is claimed again, alone, and keeps its place in the chunk', async () => {
  const { claim, clock, asked } = start([
    ['claimed', 'busy', 'busy'],
    ['busy', 'interrupted'],
    ['delivered'],
  ]);
  const claiming = claim(chunk());
  await settlePromises();
  await clock.advance(499);
  expect(asked).toEqual([['a', 'b', 'c']]);
  await clock.advance(1);
  await clock.advance(500);
  const { passed, settled } = await claiming;
  expect(asked).toEqual([['a', 'b', 'c'], ['b', 'c'], ['b']]);
  expect(passed.map(({ key, wasInterrupted }) => [key.toString(), wasInterrupted])).toEqual([
    ['a', false],
    ['c', true],
  ]);
  expect(settled).toMatchObject([{ outcome: { outcome: 'duplicate' } }]);
});

test('what another owner delivers for another record is a duplicate at once', async () => {
  const { claim } = start([['elsewhere', 'claimed', 'elsewhere']]);
  const { passed, settled } = await claim(chunk());
  expect([passed.length, settled.map(({ record: { offset } }) => offset)]).toEqual([1, [0, 2]]);
});

test('what is busy is let go of once its partition is no longer ours', async () => {
  const { claim, clock, letGo } = start([['busy', 'claimed', 'busy'], ['claimed']]);
  const conversions = chunk();
  const claiming = claim(conversions);
  await settlePromises();
  const lost = conversions[0]?.record.source;
  if (lost) lost.isRevoked = true;
  await clock.advance(500);
  const { passed, settled } = await claiming;
  expect(passed.map(({ key }) => key.toString())).toEqual(['b', 'c']);
  expect([settled, letGo]).toEqual([[], [0]]);
});

test('what may have been claimed is given back when it is told to stop', async () => {
  const { claim, stopping, released } = start([['claimed', 'interrupted', 'busy']]);
  const claiming = claim(chunk());
  await settlePromises();
  const reason = new Error('stopping');
  stopping.abort(reason);
  await expect(claiming).rejects.toBe(reason);
  expect(released).toEqual(['a', 'b', 'c']);
});
