import { describeClickTable, openClickTable } from '../store/clickTable.ts';
import type { CheckSession, Look, Part } from './checkedPart.ts';

/** The user's own table with clicks; it is looked at only where there is one. */
export const clickTablePart: Part = {
  name: 'click table',
  setting: 'clicks.table',
  isUsed: ({ clicks }) => clicks.table !== undefined,
  address: ({ clicks }) => (clicks.table ? describeClickTable(clicks.table) : 'none'),
  look: lookAtClickTable,
};

async function lookAtClickTable({ loaded }: CheckSession): Promise<Look> {
  const { file, locate, config } = loaded;
  const settings = config.clicks.table;
  if (settings === undefined) return { found: 'none', problems: [] };
  const table = await openClickTable(settings);
  try {
    const { rows, isIndexed } = await table.look();
    const { user } = settings.columns;
    const index = `CREATE INDEX ${settings.name.replace(/^.*\./, '')}_${user} ON ${settings.name} (${user})`;
    const message = `no index begins with the column ${user}: each chunk of records reads the whole table; create one: ${index}`;
    const place = locate(['clicks', 'table', 'columns', 'user']) ?? locate(['clicks', 'table']);
    const setting = 'clicks.table.columns.user';
    const problem = { severity: 'warning', file, ...place, setting, message } as const;
    return {
      found: `${rows} rows${isIndexed ? `, found by an index on ${user}` : ''}`,
      problems: isIndexed === false ? [problem] : [],
      ...(isIndexed === undefined && {
        notes: [`it is a view: see to it that its rows are found by an index on ${user}`],
      }),
    };
  } finally {
    await table.close();
  }
}
