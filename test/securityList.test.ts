import { expect, test } from 'vitest';
import { problemOfTest, problemsOf, readRows } from './namedTests.ts';

const rows = readRows('securityList.md');

test('each of the 13 lines names what shows it, or says why nothing does yet', () => {
  const numbers = rows.map(({ subject }) => Number.parseInt(subject, 10));
  expect(numbers).toEqual(Array.from({ length: 13 }, (_, index) => index + 1));
  expect(problemsOf(rows, problemOfTest)).toEqual([]);
});
