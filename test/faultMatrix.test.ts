import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { faultNames } from '../dev/chaos/faults.ts';
import { foundBugs, knownBugs } from './simulation/mutants.ts';

const root = new URL('../', import.meta.url);
const bugs = [...knownBugs, ...foundBugs].map(({ bug }) => bug);

interface Row {
  readonly subject: string;
  readonly shownBy: readonly string[];
}

/** The rows of both tables: the first cell, and what the last one names. */
const rows: readonly Row[] = readFileSync(new URL('faultMatrix.md', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| --'))
  .map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  )
  .filter(([subject]) => subject !== 'fault' && subject !== 'bug')
  .map((cells) => ({ subject: cells[0] ?? '', shownBy: (cells.at(-1) ?? '').split('<br>') }));
const references = rows.flatMap(({ shownBy }) => shownBy);

test('every row names what shows it, or says why nothing does yet', () => {
  expect(rows.length).toBeGreaterThan(40);
  const problems = rows.flatMap(({ subject, shownBy }) =>
    shownBy.flatMap((reference) => {
      const problem = problemOf(reference);
      return problem === undefined ? [] : [`${subject}: ${problem}`];
    }),
  );
  expect(problems).toEqual([]);
});

test('every fault of the chaos run is named', () => {
  expect(faultNames.filter((name) => !references.includes(`chaos \`${name}\``))).toEqual([]);
});

test('every mutant of the simulation is named', () => {
  expect(bugs.filter((bug) => !references.includes(`mutant \`${bug}\``))).toEqual([]);
});

/** What is wrong with a reference; undefined when what it names is there. */
function problemOf(reference: string): string | undefined {
  if (reference.startsWith('not yet: ')) return undefined;
  const [, kind, name = '', title = ''] = /^(\w+ )?`([^`]+)` ?(.*)$/.exec(reference) ?? [];
  if (kind === 'chaos ') {
    return faultNames.some((fault) => fault === name) ? undefined : `no fault ${name}`;
  }
  if (kind === 'mutant ') return bugs.includes(name) ? undefined : `no mutant ${name}`;
  if (!name.startsWith('test/') || title === '') return `not a reference: ${reference}`;
  const file = new URL(name, root);
  if (!existsSync(file)) return `no file ${name}`;
  const text = readFileSync(file, 'utf8');
  const isThere = ["'", '"', '`'].some((quote) => text.includes(`${quote}${title}${quote}`));
  return isThere ? undefined : `no test "${title}" in ${name}`;
}
