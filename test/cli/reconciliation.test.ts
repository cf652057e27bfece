import { describe, expect, test } from 'vitest';
import { likelyCauses } from '../../src/cli/reconcileCauses.ts';
import { reconcileDay } from '../../src/cli/reconciliation.ts';
import { sumRows, type TheirCounts } from '../../src/cli/statisticsRows.ts';
import { readUtcDay } from '../../src/cli/utcDay.ts';
import type { SettledCounts } from '../../src/store/settledCounts.ts';

const now = Date.parse('2026-11-24T15:00:00Z');

describe('the day', () => {
  test.each([
    ['yesterday', '2026-11-23'],
    ['today', '2026-11-24'],
    ['2024-02-29', '2024-02-29'],
  ])('%s is %s', (text, date) => {
    const from = Date.parse(`${date}T00:00:00Z`);
    expect(readUtcDay(text, now)).toEqual({ date, from, to: from + 86_400_000 });
  });

  test.each(['2026-02-29', '24.11.2026', '2026-11-23T00:00Z', '', 'tomorrow', '2026-13-01'])(
    '%j is none',
    (text) => expect(() => readUtcDay(text, now)).toThrow('is no day such as'),
  );

  test('is not one to come', () => {
    expect(() => readUtcDay('2026-11-25', now)).toThrow('still to come');
  });
});

describe('rows', () => {
  const leads = 'counts.leads';

  test.each([
    [[], 0],
    [[{ counts: { leads: 3 } }, { counts: { leads: '4' } }], 7],
  ])('%j add up', (rows, lead) => {
    expect(sumRows(rows, { leads })).toEqual({ lead, order: undefined });
  });

  test('may hold lists', () => {
    const rows = [{ offers: [{ orders: 1 }, { orders: 2 }] }, { offers: [] }];
    expect(sumRows(rows, { orders: 'offers[*].orders' }).order).toBe(3);
    expect(sumRows(rows.slice(0, 1), { orders: 'offers[1].orders' }).order).toBe(2);
  });

  test.each([
    [{ error: 'qZ7' }, 'are an object with error where an array was expected'],
    [null, 'are null where an array was expected'],
    [[{ counts: { leads: 1 } }, { date: 'qZ7' }], 'is not in an object with date, in row 2 of 2'],
    [[{ counts: null }], 'counts.leads is not in an object with counts, in row 1 of 1'],
    [[[7]], 'is not in an array of 1'],
    [[{}], 'is not in an empty object'],
    [[{ counts: { leads: null } }], 'counts.leads is null, in row 1'],
    [[{ counts: { leads: 'qZ7' } }], 'counts.leads is a text'],
    [[{ counts: { leads: 1.5 } }], 'is the number 1.5'],
    [[{ counts: { leads: -1 } }], 'is the number -1'],
    [[{ 'qZ7 canary?': 1, ok: 2 }], 'is not in an object with …, ok'],
  ])('%j are none: %s', (answer, message) => {
    expect(() => sumRows(answer, { leads })).toThrow(message);
    expect(() => sumRows(answer, { leads })).not.toThrow('qZ7');
  });
});

const nothing: SettledCounts = {
  ...{ delivered: 0, sentAgain: 0, nearEnds: 0, justOutside: 0, open: 0, deadLettered: {} },
};

function reconciled(
  order: Partial<SettledCounts>,
  theirs: number | undefined,
  given: { readonly date?: string; readonly lead?: TheirCounts['lead'] } = {},
) {
  const { date = '2026-11-20', lead = 0 } = given;
  return reconcileDay({
    ...{ day: readUtcDay(date, now), now, tolerance: 0.01 },
    ours: { lead: nothing, order: { ...nothing, ...order } },
    theirs: { lead, order: theirs },
  });
}

describe('a difference', () => {
  test.each([
    [100, 101, +1, 1, true],
    [100, 99, -1, -1, true],
    [100, 102, +2, 2, false],
    [99, 98, -1, -1.01, false],
    [1_000_000, 1_000_001, +1, 0.01, true],
    [0, 0, 0, undefined, true],
    [0, 1, +1, undefined, false],
    [7, 0, -7, -100, false],
    [7, undefined, undefined, undefined, true],
  ])('of %i and %j is %j, %j %%: within 1 %% %j', (delivered, theirs, difference, percent, is) => {
    const { kinds, isWithinTolerance } = reconciled({ delivered }, theirs);
    expect(kinds[1]).toMatchObject({ ours: delivered, theirs, difference, percent });
    expect([kinds[1]?.isWithinTolerance, isWithinTolerance]).toEqual([is, is]);
  });

  test('of one kind is enough', () => {
    expect(reconciled({}, 0, { lead: 1 }).isWithinTolerance).toBe(false);
  });

  test.each([
    ['2026-11-24', -9, false],
    ['2026-11-23', 15, false],
    ['2026-11-22', 39, true],
  ])('on %s, which ended %i hours ago, is final: %j', (date, hours, isFinal) => {
    expect(reconciled({}, 0, { date })).toMatchObject({ age: hours * 3_600_000, isFinal });
  });
});

describe('the likeliest causes', () => {
  const options = { isEmpty: false, ledgerRetention: 400 * 86_400_000 };
  const causesOf = (...input: Parameters<typeof reconciled>) =>
    likelyCauses(reconciled(...input), options).map(({ kind, atMost, cause }) => [
      ...[kind, atMost, cause.split(/[:,]/)[0]],
    ]);

  test('are none where nothing differs', () => {
    expect(causesOf({ delivered: 3, sentAgain: 2 }, 3)).toEqual([]);
    expect(causesOf({ delivered: 3 }, undefined)).toEqual([]);
  });

  test('of more at Powerspace are what may have been counted twice, or without an answer', () => {
    const deadLettered = { held: 2, undeliverable: 3, 'unknown-click': 9 };
    const counts = { delivered: 10, sentAgain: 1, open: 4, justOutside: 6, nearEnds: 7 };
    expect(causesOf({ ...counts, deadLettered }, 12)).toEqual([
      ['order', 1, 'sent again'],
      ['order', 5, 'given up without an answer'],
      ['order', 4, 'claimed and not settled yet'],
      ['order', 6, 'settled just outside the day'],
      ['order', undefined, 'sent past this ledger'],
    ]);
    expect(causesOf({ delivered: 10 }, 12)).toEqual([
      ['order', undefined, 'sent past this ledger'],
    ]);
  });

  test('of fewer at Powerspace are the ends of the day, and its own rules', () => {
    expect(causesOf({ delivered: 10, sentAgain: 1, nearEnds: 2 }, 8)).toEqual([
      ['order', 2, 'settled within 5 minutes of midnight'],
      ['order', undefined, 'Powerspace counts by other rules than it accepts'],
    ]);
  });

  test('begin with what concerns the whole day', () => {
    const day = reconciled({ delivered: 10 }, 0, { date: '2026-11-23' });
    const causes = likelyCauses(day, { isEmpty: true, ledgerRetention: 86_400_000 });
    expect(causes.map(({ kind, look }) => [kind, look.slice(0, 40)])).toEqual([
      [undefined, 'reconcile --date 2026-11-23 from 2026-11'],
      [undefined, 'whether reconcile.token is of the accoun'],
      [undefined, 'privacy.ledgerRetention: what is older i'],
      ['order', expect.any(String)],
    ]);
  });
});
