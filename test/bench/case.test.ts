import { expect, test } from 'vitest';
import { figure, holds } from '../../bench/case.ts';

test('a figure is the median of the ratios of each round to its own baseline', () => {
  const { value, rounds, ours } = figure({
    ...{ subject: 'all', measure: 'postbacks/s', better: 'higher' },
    ours: [10, 30, 40],
    baseline: { name: 'undici', values: [20, 30, 160] },
  });
  expect(rounds).toEqual([0.5, 1, 0.25]);
  expect(value).toBe(0.5);
  expect(ours).toBe(30);
});

test('a figure holds on the right side of its bound', () => {
  const of = (better: 'higher' | 'lower', bound?: number) =>
    holds(figure({ subject: 'all', measure: 'x', ours: [1, 2], better, bound }));
  expect([of('higher', 1.5), of('higher', 1.6)]).toEqual([true, false]);
  expect([of('lower', 1.5), of('lower', 1.4)]).toEqual([true, false]);
  expect(of('lower')).toBeUndefined();
});
