import { existsSync, readFileSync } from 'node:fs';

const root = new URL('../', import.meta.url);

/** A row of a table that says for something which tests show it. */
export interface Row {
  readonly subject: string;
  readonly shownBy: readonly string[];
}

/** The rows of all tables of a file of this folder, but for their heads: the first cell, and what the last one names. */
export function readRows(file: string): readonly Row[] {
  const lines = readFileSync(new URL(file, import.meta.url), 'utf8').split('\n');
  return lines
    .filter(
      (line, index) => isRow(line) && !line.startsWith('| --') && !isRule(lines[index + 1] ?? ''),
    )
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    )
    .map((cells) => ({ subject: cells[0] ?? '', shownBy: (cells.at(-1) ?? '').split('<br>') }));
}

const isRow = (line: string) => line.startsWith('| ');
const isRule = (line: string) => line.startsWith('| --');

/** What is wrong with each reference of the rows, by `problemOf`. */
export function problemsOf(
  rows: readonly Row[],
  problemOf: (reference: string) => string | undefined,
): readonly string[] {
  return rows.flatMap(({ subject, shownBy }) =>
    shownBy.flatMap((reference) => {
      const problem = problemOf(reference);
      return problem === undefined ? [] : [`${subject}: ${problem}`];
    }),
  );
}

/** What is wrong with a reference to a test, `` `test/file.test.ts` its name ``; undefined when that is there. */
export function problemOfTest(reference: string): string | undefined {
  if (reference.startsWith('not yet: ')) return undefined;
  const [, name = '', title = ''] = /^`(test\/[^`]+)` (.+)$/.exec(reference) ?? [];
  if (title === '') return `not a reference: ${reference}`;
  const file = new URL(name, root);
  if (!existsSync(file)) return `no file ${name}`;
  const text = readFileSync(file, 'utf8');
  const isThere = ["'", '"', '`'].some((quote) => text.includes(`${quote}${title}${quote}`));
  return isThere ? undefined : `no test "${title}" in ${name}`;
}
