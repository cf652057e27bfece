import type { z } from 'zod';

const types: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a group of settings (name: value)',
  record: 'a group of settings (name: value)',
};

/** What a setting takes, as `expected …`, from the issue that says it took something else. */
export function describeExpected(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${types[issue.expected] ?? issue.expected}`;
    case 'too_small':
      return issue.origin === 'number' || issue.origin === 'int'
        ? `expected ${issue.minimum} or more`
        : `expected ${issue.origin === 'array' ? 'at least one item' : 'text'}`;
    case 'too_big':
      return `expected ${issue.maximum} or less`;
    case 'invalid_value':
      return `expected ${listChoices(issue.values)}`;
    case 'invalid_union':
      return 'options' in issue && issue.options
        ? `expected ${listChoices(issue.options)}`
        : 'expected another type of value';
    default:
      return 'expected another value';
  }
}

function listChoices(values: readonly unknown[]): string {
  const names = values.map(String);
  return names.length === 1
    ? names.join('')
    : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
}
