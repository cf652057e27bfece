import type { TableAddress } from '../config/tableUrl.ts';
import { openPostgresDatabase, type Statement } from './postgresDatabase.ts';
import { settingProblem } from './postgresErrors.ts';
import type {
  FitColumns,
  FoundColumn,
  TableDatabase,
  TablePlace,
  TableUse,
  TypeKinds,
} from './tableDatabase.ts';

const kinds: TypeKinds = {
  keys: {
    ...{ text: 'text', varchar: 'text', bpchar: 'text', uuid: 'uuid' },
    ...{ int2: 'integer', int4: 'integer', int8: 'integer' },
  },
  times: { timestamptz: 'zoned', timestamp: 'local', int8: 'milliseconds' },
};

/** Types of domains are those below them. */
const findColumns: Statement = {
  name: '',
  text: `SELECT attname AS name, coalesce(base.typname, type.typname) AS type,
           has_schema_privilege(relnamespace, 'USAGE') AND has_column_privilege(class.oid, attnum, 'SELECT') AS readable
         FROM pg_class class JOIN pg_namespace ON pg_namespace.oid = relnamespace
           JOIN pg_attribute ON attrelid = class.oid JOIN pg_type type ON type.oid = atttypid
           LEFT JOIN pg_type base ON base.oid = type.typbasetype
         WHERE nspname = $1 AND relname = $2 AND relkind IN ('r', 'p', 'f', 'v', 'm')
           AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
};
const findSize: Statement = {
  name: '',
  text: `SELECT relkind IN ('v', 'f') AS "isView", reltuples AS estimate, EXISTS (
           SELECT FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]
           WHERE indrelid = class.oid AND indisvalid AND indpred IS NULL AND attname = $3) AS "isIndexed"
         FROM pg_class class JOIN pg_namespace ON pg_namespace.oid = relnamespace
         WHERE nspname = $1 AND relname = $2`,
};

/** What fails when somebody has changed the table meanwhile: table, column, operator. */
const changed = ['42P01', '42703', '42883'];

/** A table in PostgreSQL; one without a schema is in `public`. */
export function openPostgresTable(
  address: TableAddress,
  place: TablePlace,
  use: TableUse,
): TableDatabase {
  const { schema = 'public', table } = place;
  const database = openPostgresDatabase(
    // Its name is written out in every statement.
    { ...address, schema: 'public' },
    { connections: 2, durability: 'none', use },
  );
  const name = `${quote(schema)}.${quote(table)}`;
  return {
    ...{ part: database.part, name: `${schema}.${table}`, kinds },
    async columns() {
      const { rows } = await database.run(findColumns, [schema, table]);
      return rows.map(
        (row): FoundColumn => ({
          ...{ name: String(row['name']), type: String(row['type']) },
          isReadable: row['readable'] === true,
        }),
      );
    },
    async find(columns, userKeys) {
      const statement = { name: '', text: findIn(name, columns) };
      try {
        const { rows } = await database.run(statement, [[...userKeys]]);
        return rows;
      } catch (thrown) {
        const isChanged = thrown instanceof Error && changed.includes(codeOf(thrown));
        if (!isChanged) throw thrown;
        throw settingProblem(use.setting, `${database.part}: ${thrown.message}`);
      }
    },
    async size({ user }, most) {
      const text = `SELECT count(*) AS counted FROM (SELECT ${quote(user.name)} FROM ${name} LIMIT ${most + 1}) AS rows`;
      const { rows: found } = await database.run(findSize, [schema, table, user.name]);
      const { rows: counted } = await database.run({ name: '', text }, []);
      return {
        counted: Number(counted[0]?.['counted']),
        estimate: Number(found[0]?.['estimate']),
        isView: found[0]?.['isView'] === true,
        isIndexed: found[0]?.['isIndexed'] === true,
      };
    },
    grant: (columns) =>
      `GRANT USAGE ON SCHEMA ${schema} TO ${address.user}; GRANT SELECT (${columns.join(', ')}) ON ${schema}.${table} TO ${address.user}`,
    close: database.close,
  };
}

function findIn(name: string, { user, click, at }: FitColumns): string {
  const time = quote(at.name);
  const milliseconds =
    at.kind === 'milliseconds' ? time : `floor(extract(epoch FROM ${time}) * 1000)`;
  const keys = user.kind === 'integer' ? 'int8' : user.type === 'varchar' ? 'text' : user.type;
  return `SELECT ${quote(user.name)}::text AS "userKey", ${quote(click.name)}::text AS "clickId", ${milliseconds} AS at
    FROM ${name} WHERE ${quote(user.name)} = ANY($1::${keys}[])`;
}

function quote(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}

function codeOf(error: Error): string {
  return String(Reflect.get(error, 'code'));
}
