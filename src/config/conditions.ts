import { z } from 'zod';
import { path } from './values.ts';

/*
 * What `when` may ask of a field. Messages as in values.ts.
 */

const exactNumber = z
  .number()
  .refine(
    (value) => !Number.isInteger(value) || Number.isSafeInteger(value),
    'a whole number as long as this one is exact only in quotes',
  );

const constant = z.union([z.string(), exactNumber, z.boolean(), z.null()]);

const constants = z.union([constant, z.array(constant).min(1)]);

const date = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$/;

/** The milliseconds of an ISO 8601 date, or date and time with its zone; undefined for another text. */
export function readDate(text: string): number | undefined {
  const time = date.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}

/** Whether a text is a decimal, as amounts can be: `49.99`, `-3`. */
export function isDecimal(text: string): boolean {
  return /^-?\d+(\.\d+)?$/.test(text);
}

const expectedBound = 'expected a number, or a date such as 2026-01-31 or 2026-01-31T12:00:00Z';

const bound = z
  .union([exactNumber, z.string()], expectedBound)
  .refine(
    (value) => typeof value === 'number' || isDecimal(value) || readDate(value) !== undefined,
    expectedBound,
  );

const comparisons = z
  .strictObject({
    not: constants.optional().meta({ description: 'The value, or values, it must not have.' }),
    exists: z
      .boolean()
      .optional()
      .meta({ description: 'Whether it must have a value; null and an empty text are none.' }),
    above: bound.optional().meta({ description: 'It must be greater, or later, than this.' }),
    atLeast: bound.optional().meta({ description: 'It must be this or greater, or later.' }),
    below: bound.optional().meta({ description: 'It must be less, or earlier, than this.' }),
    atMost: bound.optional().meta({ description: 'It must be this or less, or earlier.' }),
  })
  .refine((value) => Object.keys(value).length > 0, {
    error: 'expected one or more of not, exists, above, atLeast, below and atMost',
    // Of names that are wrong each has a message of its own.
    when: ({ issues }) => issues.length === 0,
  });

/** Fields, and what must be true of each. */
export const conditions = z.record(
  path,
  z.union(
    [constant, z.array(constant).min(1), comparisons],
    'expected a value, a list of values, or a group of not, exists, above, atLeast, below and atMost',
  ),
);

/** A value that a field may be held against. */
export type Constant = z.infer<typeof constant>;
/** What must be true of one field: its value, one of several values, or comparisons that must all be true. */
export type ConditionSetting = z.infer<typeof conditions>[string];
/** The comparisons of one field. */
export type Comparisons = z.infer<typeof comparisons>;

/** The comparisons that a condition is made of; a value and a list of values are `oneOf`. */
export function readCondition(setting: ConditionSetting): Comparisons & {
  readonly oneOf?: readonly Constant[];
} {
  const isComparisons = typeof setting === 'object' && setting !== null && !Array.isArray(setting);
  return isComparisons ? (setting as Comparisons) : { oneOf: [setting].flat() as Constant[] };
}
