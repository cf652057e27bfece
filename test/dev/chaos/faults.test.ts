import { expect, test } from 'vitest';
import { drawFault, faultNames, faultsWith } from '../../../dev/chaos/faults.ts';
import { Dice } from '../../../dev/shop/dice.ts';

function draw(seed: number, count: number, names = faultNames) {
  const dice = new Dice(seed);
  return Array.from({ length: count }, () => drawFault(dice, names));
}

test('a seed draws the same faults, another seed others', () => {
  const plan = (seed: number) => draw(seed, 50).map(({ name, gap }) => `${name} ${gap}`);
  expect(plan(1)).toEqual(plan(1));
  expect(plan(1)).not.toEqual(plan(2));
});

test('every fault is drawn sooner or later, and most are kills', () => {
  const names = draw(1, 2_000).flatMap(({ name }) => name.split(' with '));
  expect(new Set(names)).toEqual(new Set(faultNames));
  expect(names.filter((name) => name === 'kill').length).toBeGreaterThan(600);
});

test('only a database server is restarted, and has its connections cut', () => {
  const others = faultNames.filter((name) => !faultsWith('sqlite').includes(name));
  expect(others.toSorted()).toEqual(
    ['cut', 'down', 'hang', 'kill', 'restart'].map((what) => `database-${what}`),
  );
  expect(faultsWith('postgres')).toEqual(faultNames);
});

test('only faults that were asked for are drawn', () => {
  const names = draw(1, 200, ['kill', 'registry-down']).flatMap(({ name }) => name.split(' with '));
  expect(new Set(names)).toEqual(new Set(['kill', 'registry-down']));
});
