import { z } from 'zod';
import { tableUrlProblem } from './tableUrl.ts';

/** Names are quoted where they are used; these need no escape in any of the databases. */
const identifier = '[A-Za-z_][A-Za-z0-9_$-]{0,62}';
const columnName = z
  .string()
  .regex(
    new RegExp(`^${identifier}$`),
    'expected the name of a column, as the database has it: letters, digits, _, $ and -',
  );
const tableName = z
  .string()
  .regex(
    new RegExp(`^(${identifier}\\.)?${identifier}$`),
    'expected the name of a table, or schema.table: letters, digits, _, $ and -',
  );

const columns = z.strictObject({
  user: columnName
    .default('user_id')
    .meta({ description: 'The column with the user key: text, whole numbers or uuid.' }),
  click: columnName
    .default('click_id')
    .meta({ description: 'The column with the click id: text.' }),
  at: columnName.default('created_at').meta({
    description:
      'The column that says when: a timestamp or datetime (in UTC where it has no time zone), or a bigint with milliseconds since 1970.',
  }),
});

const url = z
  .string()
  .regex(/^(mysql|mariadb|postgres|postgresql):./, {
    error: (issue) => tableUrlProblem(String(issue.input)) ?? '',
    abort: true,
  })
  .superRefine((value, { addIssue }) => {
    const message = tableUrlProblem(value);
    if (message !== undefined) addIssue({ code: 'custom', message });
  });

/** The part `clicks.table`: a table with clicks that somebody else writes. */
export const clickTable = z.strictObject({
  url: url.meta({
    secret: true,
    description:
      'Its database: mysql://user:password@host/database (MariaDB too), or postgres://user:password@host/database.',
  }),
  name: tableName.default('user_attribution').meta({
    description:
      'The table or view, or schema.table; in PostgreSQL it is in the schema public otherwise.',
  }),
  columns: columns.prefault({}).meta({ description: 'Its columns.' }),
});
