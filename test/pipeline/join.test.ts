import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RecordKind } from '../../src/config/schema.ts';
import type { EventMapping } from '../../src/pipeline/eventMapping.ts';
import { createJoin } from '../../src/pipeline/join.ts';
import type { MappedRecord } from '../../src/pipeline/map.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import type { Store } from '../../src/store/store.ts';
import { record, silentSpan } from './fixtures.ts';

const day = 86_400_000;
let store: Store;
let join: ReturnType<typeof createJoin>;

beforeEach(() => {
  store = openSqliteStore(':memory:');
  join = createJoin({
    clicks: store.clicks,
    rules: { window: 30 * day, attribution: 'last', clockSkew: 300_000 },
    traces: { startProcess: () => silentSpan, isSampled: () => false },
    untilAvailable: (work) => work(),
  });
});

afterEach(() => store.close());

let offset = 0;

function event(
  kind: RecordKind,
  userKeys: readonly string[],
  fields: { at?: number; clickId?: string } = {},
): MappedRecord {
  const mapping = { kind } as EventMapping;
  offset += 1;
  const { at = 100 * day, clickId } = fields;
  return { record: record(offset), mapping, values: [], userKeys, clickId, at };
}

const click = (userKey: string, clickId: string, at = 99 * day) =>
  event('click', [userKey], { clickId, at });
const clickIds = ({ passed }: Awaited<ReturnType<typeof join>>) =>
  passed.map(({ click: { clickId } }) => clickId);
const reasons = ({ settled }: Awaited<ReturnType<typeof join>>) =>
  settled.map(({ outcome }) => ('reason' in outcome ? outcome.reason : outcome.outcome));

describe('joining', () => {
  test('stores clicks, and finds them from the next chunk on', async () => {
    expect(reasons(await join([click('visitor', 'c-1')]))).toEqual(['recorded']);
    expect(clickIds(await join([event('lead', ['visitor'])]))).toEqual(['c-1']);
  });

  test('finds a click of its own chunk, whatever the order', async () => {
    const joined = await join([event('order', ['visitor']), click('visitor', 'c-1')]);
    expect(clickIds(joined)).toEqual(['c-1']);
  });

  test('skips conversions of people without a click, and of those whose clicks are too old', async () => {
    await join([click('old', 'c-1', 60 * day)]);
    const joined = await join([event('order', ['nobody']), event('order', ['old'])]);
    expect(reasons(joined)).toEqual(['no-click', 'click-expired']);
  });

  test('remembers a click under the other keys of the event that found it', async () => {
    await join([click('visitor', 'c-1')]);
    await join([event('lead', ['user', 'visitor'])]);
    expect(clickIds(await join([event('order', ['user'])]))).toEqual(['c-1']);
  });

  test('links a user key from the time of the sign-up on, the skew of the clocks allowed: not for what was before', async () => {
    await join([click('visitor', 'c-1'), click('user', 'c-0', 98 * day)]);
    await join([event('lead', ['visitor', 'user'], { at: 100 * day })]);
    const joined = await join([
      event('order', ['user'], { at: 100 * day - 300_001 }),
      event('order', ['user'], { at: 100 * day - 300_000 }),
    ]);
    expect(clickIds(joined)).toEqual(['c-0', 'c-1']);
  });

  test('lets a sign-up link visitor and user for an order of the same chunk', async () => {
    await join([click('visitor', 'c-1')]);
    const joined = await join([event('order', ['user']), event('lead', ['user', 'visitor'])]);
    expect(clickIds(joined)).toEqual(['c-1', 'c-1']);
  });

  test('lets conversions of one chunk learn from each other as they happened, whatever their order there', async () => {
    await join([click('cart', 'c-1', 98 * day)]);
    const joined = await join([
      event('lead', ['user'], { at: 100 * day }),
      event('order', ['user', 'cart'], { at: 99 * day }),
    ]);
    expect(clickIds(joined)).toEqual(['c-1', 'c-1']);
  });

  test('keeps the time of a click that it remembers: the window counts from the click', async () => {
    await join([click('visitor', 'c-1', 71 * day)]);
    await join([event('lead', ['user', 'visitor'], { at: 100 * day })]);
    expect(reasons(await join([event('order', ['user'], { at: 102 * day })]))).toEqual([
      'click-expired',
    ]);
  });

  test('takes the click that the event itself carries, and stores it for later orders', async () => {
    await join([click('user', 'c-1', 99 * day)]);
    const first = await join([event('order', ['user'], { clickId: 'c-2', at: 100 * day })]);
    const later = await join([event('order', ['user'], { at: 101 * day })]);
    expect([clickIds(first), clickIds(later)]).toEqual([['c-2'], ['c-2']]);
  });

  test('joins by the time of the event: a replay finds the click that the live run found', async () => {
    await join([click('user', 'c-1', 90 * day)]);
    const live = await join([event('order', ['user'], { at: 91 * day })]);
    await join([click('user', 'c-2', 95 * day)]);
    const replay = await join([event('order', ['user'], { at: 91 * day })]);
    expect([clickIds(live), clickIds(replay)]).toEqual([['c-1'], ['c-1']]);
  });
});
