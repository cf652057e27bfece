import { expect, test } from 'vitest';
import { faultNames } from '../dev/chaos/faults.ts';
import { problemOfTest, problemsOf, readRows } from './namedTests.ts';
import { foundBugs, knownBugs } from './simulation/mutants.ts';

const bugs = [...knownBugs, ...foundBugs].map(({ bug }) => bug);
const rows = readRows('faultMatrix.md');
const references = rows.flatMap(({ shownBy }) => shownBy);

test('every row names what shows it, or says why nothing does yet', () => {
  expect(rows.length).toBeGreaterThan(40);
  expect(problemsOf(rows, problemOf)).toEqual([]);
});

test('every fault of the chaos run is named', () => {
  expect(faultNames.filter((name) => !references.includes(`chaos \`${name}\``))).toEqual([]);
});

test('every mutant of the simulation is named', () => {
  expect(bugs.filter((bug) => !references.includes(`mutant \`${bug}\``))).toEqual([]);
});

/** What is wrong with a reference; undefined when what it names is there. */
function problemOf(reference: string): string | undefined {
  const [, kind, name = ''] = /^(chaos|mutant) `([^`]+)`$/.exec(reference) ?? [];
  if (kind === 'chaos') {
    return faultNames.some((fault) => fault === name) ? undefined : `no fault ${name}`;
  }
  if (kind === 'mutant') return bugs.includes(name) ? undefined : `no mutant ${name}`;
  return problemOfTest(reference);
}
