import { expect, test } from 'vitest';
import { figure } from '../../bench/case.ts';
import { History } from '../../bench/history.ts';

const kind = { machine: 'abc', size: 'full' } as const;
const name = { subject: '1%', measure: 'events/s' };

function speedOf(ratio: number) {
  const baseline = { name: 'kafkajs', values: [100] };
  return figure({ ...name, better: 'higher', ours: [ratio * 100], baseline });
}

function historyOf(
  ratios: readonly number[],
  of: typeof kind | { machine: 'other'; size: 'full' },
) {
  return ratios.map((ratio) => new History('', of).linesOf([speedOf(ratio)])).join('');
}

test('a figure that is worse than the median of earlier runs by more than a tenth is a regression', () => {
  const history = new History(historyOf([0.5, 0.6, 0.7], kind), kind);
  expect(history.worseBy(speedOf(0.45))).toBeCloseTo(0.25);
  expect(history.isRegression(speedOf(0.45))).toBe(true);
  expect(history.isRegression(speedOf(0.55))).toBe(false);
  expect(history.isRegression(speedOf(0.9))).toBe(false);
});

test('of what has to be low, more is worse', () => {
  const memory = (megabytes: number) =>
    figure({ subject: '1%', measure: 'peak RSS, MB', better: 'lower', ours: [megabytes] });
  const lines = [200, 210, 220].map((value) => new History('', kind).linesOf([memory(value)]));
  const history = new History(lines.join(''), kind);
  expect(history.isRegression(memory(250))).toBe(true);
  expect(history.isRegression(memory(150))).toBe(false);
});

test('runs of another machine, and too few of them, say nothing', () => {
  const elsewhere = historyOf([0.9, 0.9, 0.9], { machine: 'other', size: 'full' });
  const history = new History(elsewhere + historyOf([0.9, 0.9], kind), kind);
  expect(history.worseBy(speedOf(0.1))).toBeUndefined();
});
