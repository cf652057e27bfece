import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RecordKind } from '../../src/config/schema.ts';
import type { AttributionRules } from '../../src/pipeline/attribution.ts';
import type { EventMapping } from '../../src/pipeline/eventMapping.ts';
import { createJoin } from '../../src/pipeline/join.ts';
import type { MappedRecord } from '../../src/pipeline/map.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import type { Store } from '../../src/store/store.ts';
import { record, silentSpan } from './fixtures.ts';

/**
 * More histories, or others: REPLAY_RUNS=10000 REPLAY_SEED=7 npx vitest run --project unit test/pipeline/replay.test.ts
 */
const { REPLAY_RUNS = '300', REPLAY_SEED } = process.env;
const parameters = {
  numRuns: Number(REPLAY_RUNS),
  ...(REPLAY_SEED !== undefined && { seed: Number(REPLAY_SEED) }),
};

/** An event as it is drawn; times go in steps of ten, so that the skew of the clocks lies between two of them. */
interface Event {
  readonly kind: RecordKind;
  readonly at: number;
  readonly userKeys: readonly string[];
  /** Of a click, and of a conversion that carries one. */
  readonly clickId: string | undefined;
}

/** What is joined live, in this order, and then again. */
interface History {
  readonly events: readonly Event[];
  readonly rules: AttributionRules;
  /** How many events are joined at once, live and in the replay. */
  readonly chunkSizes: readonly [number, number];
  /** The first event of the replay. */
  readonly from: number;
  /** Clicks of these people that come after all of it, before the replay. */
  readonly meanwhile: readonly (readonly string[])[];
}

/** Milliseconds; only for the many runs that somebody asks for. */
const timeout = 30_000 + parameters.numRuns * 50;

const step = 10;
const steps = 100;
const userKeys = fc.uniqueArray(fc.constantFrom('user', 'visitor', 'cart', 'other'), {
  minLength: 1,
  maxLength: 3,
});
const time = fc.integer({ min: 0, max: steps }).map((number) => number * step);
const event: fc.Arbitrary<Omit<Event, 'clickId'> & { readonly carriesClick: boolean }> = fc.record({
  kind: fc.constantFrom('click', 'click', 'lead', 'order', 'order'),
  at: time,
  userKeys,
  carriesClick: fc.integer({ min: 0, max: 5 }).map((number) => number === 0),
});
const stages: readonly RecordKind[] = ['click', 'lead', 'order'];

/** In the order in which the gate lets them through when nothing comes late; `swaps` makes some come late. */
const history: fc.Arbitrary<History> = fc
  .record({
    drawn: fc.array(event, { minLength: 1, maxLength: 25 }),
    swaps: fc.oneof(fc.constant([]), fc.array(fc.nat(24), { maxLength: 3 })),
    rules: fc.record({
      attribution: fc.constantFrom('last', 'first'),
      window: fc.integer({ min: 1, max: steps }).map((number) => number * step),
      clockSkew: fc.integer({ min: 0, max: step - 1 }),
    }),
    chunkSizes: fc.tuple(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 8 })),
    from: fc.nat(24),
    meanwhile: fc.array(userKeys, { maxLength: 5 }),
  })
  .map(({ drawn, swaps, ...others }) => {
    const sorted = drawn.toSorted(
      (one, other) => one.at - other.at || stages.indexOf(one.kind) - stages.indexOf(other.kind),
    );
    for (const place of swaps) {
      const [early] = sorted.splice(place % sorted.length, 1);
      if (early) sorted.push(early);
    }
    const events = sorted.map(({ carriesClick, ...each }, index) => ({
      ...each,
      clickId: each.kind === 'click' || carriesClick ? `click-${index}` : undefined,
    }));
    return { events, ...others };
  });

function joinIn(store: Store, rules: AttributionRules) {
  return createJoin({
    ...{ clicks: store.clicks, rules },
    traces: { startProcess: () => silentSpan, isSampled: () => false },
    untilAvailable: (work) => work(),
  });
}

/** Joins the events, so many at once; returns of each conversion its click, or why it has none. */
async function joinAll(
  store: Store,
  { rules }: History,
  events: ReadonlyMap<number, Event>,
  chunkSize: number,
): Promise<Map<number, string>> {
  const join = joinIn(store, rules);
  const results = new Map<number, string>();
  const open = [...events].map(([number, { kind, ...fields }]): MappedRecord => {
    const mapping = { kind } as EventMapping;
    return { record: record(number), mapping, values: [], ...fields };
  });
  while (open.length > 0) {
    const { passed, settled } = await join(open.splice(0, chunkSize));
    for (const { mapped, click } of passed) results.set(mapped.record.offset, click.clickId);
    for (const {
      record: { offset },
      kind,
      outcome,
    } of settled) {
      if (kind !== 'click' && 'reason' in outcome) results.set(offset, outcome.reason ?? '');
    }
  }
  return results;
}

/**
 * The conversions that must be joined again as they were: those before the first of whom something came late, a
 * click or a link of that time or an earlier one, which the live run could not know.
 */
function conversionsOnTime({ events, rules }: History): readonly number[] {
  const comesLate = (at: number, number: number) =>
    events.slice(number + 1).some((later) => later.at <= at + rules.clockSkew);
  const conversions = events.flatMap(({ kind, at }, number) =>
    kind === 'click' ? [] : [{ at, number }],
  );
  const late = conversions.filter(({ at, number }) => comesLate(at, number));
  const firstLate = Math.min(...late.map(({ at }) => at));
  return conversions.filter(({ at }) => at < firstLate).map(({ number }) => number);
}

async function saveMeanwhile(store: Store, { events, rules, meanwhile }: History): Promise<void> {
  const end = Math.max(...events.map(({ at }) => at)) + rules.clockSkew;
  const clicks = meanwhile.flatMap((keys, index) =>
    keys.map((userKey) => ({ userKey, clickId: `meanwhile-${index}`, at: end + 1 + index })),
  );
  await store.clicks.save(clicks);
}

async function replay(
  drawn: History,
  prepare: (store: Store) => Promise<unknown>,
  from: number,
): Promise<void> {
  const store = openSqliteStore(':memory:');
  try {
    const events = new Map(drawn.events.entries());
    const [liveSize, replaySize] = drawn.chunkSizes;
    const live = await joinAll(store, drawn, events, liveSize);
    await saveMeanwhile(store, drawn);
    await prepare(store);
    const again = new Map([...events].filter(([number]) => number >= from));
    const replayed = await joinAll(store, drawn, again, replaySize);
    for (const number of conversionsOnTime(drawn)) {
      if (number >= from)
        expect([number, replayed.get(number)]).toEqual([number, live.get(number)]);
    }
  } finally {
    await store.close();
  }
}

describe('a replay joins each conversion to the click that the live run found', () => {
  test('from whatever offset, whatever clicks came meanwhile, while the clicks of the window are kept', {
    timeout,
  }, async () => {
    const property = fc.asyncProperty(history, (drawn) =>
      replay(drawn, async () => undefined, drawn.from % drawn.events.length),
    );
    await fc.assert(property, parameters);
  });

  test('from the start, also when retention has removed any of the clicks', {
    timeout,
  }, async () => {
    const property = fc.asyncProperty(history, time, (drawn, before) =>
      replay(drawn, ({ clicks }) => clicks.purge(before, 1_000), 0),
    );
    await fc.assert(property, parameters);
  });

  test('and the histories that are drawn have conversions with a click that must be found again', async () => {
    let found = 0;
    const property = fc.asyncProperty(history, async (drawn) => {
      const store = openSqliteStore(':memory:');
      const live = await joinAll(store, drawn, new Map(drawn.events.entries()), 5);
      await store.close();
      const onTime = conversionsOnTime(drawn);
      found += onTime.filter((number) => live.get(number)?.startsWith('click-')).length;
    });
    await fc.assert(property, { seed: 1, numRuns: 100 });
    expect(found).toBeGreaterThan(100);
  });
});
