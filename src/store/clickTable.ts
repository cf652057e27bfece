import { parseTableUrl } from '../config/tableUrl.ts';
import { earliestClicks } from './earliestClicks.ts';
import { openMysqlTable } from './mysqlTable.ts';
import { openPostgresTable } from './postgresTable.ts';
import type { Click, ClickReader } from './store.ts';
import { canHold, fitColumns } from './tableColumns.ts';
import type { FitColumns, TableColumns, TableDatabase, TableUse } from './tableDatabase.ts';

/** The setting `clicks.table`. */
export interface ClickTableSettings {
  /** `mysql://…` or `postgres://…`. */
  readonly url: string;
  /** `table` or `schema.table`. */
  readonly name: string;
  readonly columns: TableColumns;
}

/** Up to so many rows are counted; of more, the server's own estimate is given. */
const mostCounted = 100_000;

const use: TableUse = { name: 'click table', setting: 'clicks.table' };

/** A user's own table with clicks. */
export interface ClickTable extends ClickReader {
  /** How many rows it has, and whether they are found by an index; undefined where it is a view. */
  look(): Promise<{ readonly rows: string; readonly isIndexed: boolean | undefined }>;
}

/**
 * Opens a user's own table, which is only read. Throws UnavailableError when it can't be reached now, and
 * ConfigurationError, with all that is wrong, when it can't be read as it is set up.
 */
export async function openClickTable(settings: ClickTableSettings): Promise<ClickTable> {
  await using opening = new AsyncDisposableStack();
  const database = openDatabase(settings);
  opening.defer(database.close);
  const columns = fitColumns(database, settings.columns, await database.columns());
  // It shows whether the server takes the statement, and lets us run it.
  await database.find(columns, []);
  const opened = opening.move();
  return {
    find: (userKeys) => find(database, columns, userKeys),
    async look() {
      const { counted, estimate, isView, isIndexed } = await database.size(columns, mostCounted);
      const isExact = counted <= mostCounted;
      return {
        rows: isExact ? String(counted) : `about ${Math.max(estimate || 0, counted - 1)}`,
        isIndexed: isView ? undefined : isIndexed,
      };
    },
    close: () => opened.disposeAsync(),
  };
}

/** The address of the table without its secrets. */
export function describeClickTable({ url, name }: ClickTableSettings): string {
  const { kind, host, port, database } = parseTableUrl(url);
  return `${name} in ${kind}://${host}:${port}/${database}`;
}

function openDatabase({ url, name }: ClickTableSettings): TableDatabase {
  const address = parseTableUrl(url);
  const [table = name, schema] = name.split('.').reverse();
  const open = address.kind === 'mysql' ? openMysqlTable : openPostgresTable;
  return open(address, { schema, table }, use);
}

async function find(
  database: TableDatabase,
  columns: FitColumns,
  userKeys: readonly string[],
): Promise<ReadonlyMap<string, readonly Click[]>> {
  const { kind } = columns.user;
  // Databases write a uuid in small letters, however it was given.
  const normalize = (key: string) => (kind === 'uuid' ? key.toLowerCase() : key);
  const wanted = Map.groupBy(
    userKeys.filter((userKey) => canHold(kind, userKey)),
    normalize,
  );
  const found = new Map<string, Click[]>();
  if (wanted.size === 0) return new Map();
  for (const row of await database.find(columns, [...wanted.keys()])) {
    // Many a table has a row for every visit, and an empty text where no click brought it.
    if (row['clickId'] === null || row['clickId'] === '' || row['at'] === null) continue;
    // Many a collation takes other keys for the same: those are nobody's here.
    for (const userKey of wanted.get(normalize(String(row['userKey']))) ?? []) {
      const click = { userKey, clickId: String(row['clickId']), at: Number(row['at']) };
      const known = found.get(userKey);
      if (known) known.push(click);
      else found.set(userKey, [click]);
    }
  }
  // A table may hold a click twice, and gives it for each of the keys that its collation takes for the same.
  return new Map(Array.from(found, ([userKey, clicks]) => [userKey, earliestClicks(clicks)]));
}
