import type { PostgresDatabase, Statement, Transaction } from './postgresDatabase.ts';
import { storeProblem } from './postgresErrors.ts';

/**
 * The schema of the Postgres store, as the statements that lead from each version to the next. A step that has been
 * released never changes; a new one is added behind it, and only adds: while replicas are replaced one by one, older
 * ones go on with what they know. So no column is dropped, renamed or retyped, and a new one has a default.
 */
export const postgresMigrations: readonly string[] = [
  `
  CREATE TABLE user_attribution (
    user_id    text COLLATE "C" NOT NULL,
    click_id   text COLLATE "C" NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (user_id, click_id)
  );
  CREATE INDEX user_attribution_created_at ON user_attribution (created_at);

  CREATE TABLE owner (
    id          uuid NOT NULL PRIMARY KEY,
    lease_until timestamptz NOT NULL
  );

  CREATE TABLE ledger (
    key         bytea NOT NULL PRIMARY KEY,
    kind        text NOT NULL,
    state       text NOT NULL,
    owner       uuid NOT NULL,
    interrupted boolean NOT NULL DEFAULT false,
    topic       text NOT NULL,
    partition   integer NOT NULL,
    "offset"    bigint NOT NULL,
    claimed_at  timestamptz NOT NULL,
    settled_at  timestamptz,
    attempts    integer NOT NULL DEFAULT 0,
    status      integer
  );
  CREATE INDEX ledger_claimed_at ON ledger (claimed_at);

  CREATE TABLE work (
    owner  uuid NOT NULL PRIMARY KEY,
    ranges jsonb NOT NULL
  );

  CREATE TABLE crashed_work (
    topic        text NOT NULL,
    partition    integer NOT NULL,
    first_offset bigint NOT NULL,
    last_offset  bigint NOT NULL,
    crashes      integer NOT NULL,
    PRIMARY KEY (topic, partition, first_offset, last_offset)
  );
  `,
  `
  ALTER TABLE ledger
    ADD COLUMN click_hash text,
    ADD COLUMN click_mask text,
    ADD COLUMN click_at   bigint,
    ADD COLUMN user_key   text COLLATE "C",
    ADD COLUMN trace_id   text,
    ADD COLUMN reason     text,
    ADD COLUMN history    jsonb;
  `,
  `
  CREATE TABLE hash_key (
    id          integer NOT NULL PRIMARY KEY CHECK (id = 1),
    fingerprint text NOT NULL
  );
  `,
  // Null where the key is linked to the click since it happened.
  'ALTER TABLE user_attribution ADD COLUMN linked_at bigint',
  // Of an absent user key, as most are, it reads one page however many rows there are, where the primary key reads
  // four, and is a quarter of its size. Building it locks writers out: a table in which that took longer than other
  // replicas wait for a lock is left to the CREATE INDEX CONCURRENTLY of docs/clicks.md, and works without it until then.
  `
  DO $$ BEGIN
    IF pg_relation_size('user_attribution') < 100 * 1024 * 1024 THEN
      CREATE INDEX IF NOT EXISTS user_attribution_user_id ON user_attribution USING hash (user_id);
    END IF;
  END $$;
  `,
];

/** What running needs, beside SELECT on the table migrations. */
const tables = ['user_attribution', 'owner', 'ledger', 'work', 'crashed_work', 'hash_key'];
const privileges = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'];

/** Held by whoever migrates: the letters "pwspace", as a number. */
const migrationLock = 0x70_77_73_70_61_63_65n;

const findTable: Statement = {
  name: 'find-migrations',
  text: "SELECT to_regclass('migrations') IS NOT NULL AS exists",
};
const readVersion: Statement = {
  name: 'read-version',
  text: 'SELECT coalesce(max(version), 0) AS version FROM migrations',
};
const findMissing: Statement = {
  name: 'find-missing-privileges',
  text: `SELECT string_agg(privilege || ' on ' || name, ', ' ORDER BY name, privilege) AS missing, current_user AS role
         FROM unnest($1::text[]) name, unnest($2::text[]) privilege
         WHERE NOT has_table_privilege(name, privilege)`,
};

const findCreation: Statement = {
  name: 'find-creation',
  text: `SELECT current_user AS role, CASE WHEN to_regnamespace($1) IS NULL
           THEN has_database_privilege(current_database(), 'CREATE')
           ELSE has_schema_privilege($1, 'CREATE') END AS allowed,
           has_schema_privilege(to_regnamespace($1), 'USAGE') AS usable`,
};

/**
 * Whether the tables are there, be it as an older version left them. Creates nothing; throws ConfigurationError when
 * they are not there and the role could not create them.
 */
export async function hasTables(database: PostgresDatabase): Promise<boolean> {
  const { rows } = await database.run(findTable, []);
  if (rows[0]?.['exists']) return true;
  await checkCreation(database);
  return false;
}

/** Whether the tables are there, as this version needs them. Throws as `hasTables`. */
export async function isMigrated(database: PostgresDatabase): Promise<boolean> {
  if (!(await hasTables(database))) return false;
  const { rows } = await database.run(readVersion, []);
  return Number(rows[0]?.['version']) >= postgresMigrations.length;
}

/**
 * Creates what is missing; one replica does, while others wait. Where all is there nothing is created, and no
 * privilege for that is needed.
 */
export async function migrate(database: PostgresDatabase): Promise<void> {
  if (!(await isMigrated(database))) {
    await database.transaction((transaction) => migrateAlone(database.schema, transaction));
  }
}

/** Throws ConfigurationError when the role lacks what running needs. */
export async function checkPrivileges(database: PostgresDatabase): Promise<void> {
  const { rows } = await database.run(findMissing, [tables, privileges]);
  const missing = rows[0]?.['missing'];
  if (typeof missing !== 'string') return;
  throw storeProblem(
    `the role ${rows[0]?.['role']} lacks ${missing}, in the schema ${database.schema}; grant it`,
  );
}

async function checkCreation(database: PostgresDatabase): Promise<void> {
  const { rows } = await database.run(findCreation, [database.schema]);
  const { allowed, usable, role } = rows[0] ?? {};
  if (allowed) return;
  // Without that privilege the tables can't be seen.
  throw storeProblem(
    usable === false
      ? `the role ${role} lacks USAGE on the schema ${database.schema}; grant it`
      : `the connector's tables are not in the schema ${database.schema}, and the role ${role} may not create them; start it once with a role that may`,
  );
}

async function migrateAlone(schema: string, { run }: Transaction): Promise<void> {
  // Building an index over what is there may take its time; for the lock nobody waits longer than for others.
  await run(`SET LOCAL statement_timeout = 0; SELECT pg_advisory_xact_lock(${migrationLock})`);
  // Asked of the catalogue itself: its cache need not know yet what another replica has just created.
  const found = await run(`SELECT FROM pg_namespace WHERE nspname = '${schema}'`);
  if (found.length === 0) await run(`CREATE SCHEMA "${schema}"`);
  await run(`CREATE TABLE IF NOT EXISTS migrations (
    version    integer NOT NULL PRIMARY KEY,
    applied_at timestamptz NOT NULL DEFAULT now()
  )`);
  const [row] = await run(readVersion.text);
  const version = Number(row?.['version']);
  for (const [index, statements] of postgresMigrations.slice(version).entries()) {
    await run(statements);
    await run(`INSERT INTO migrations (version) VALUES (${version + index + 1})`);
  }
}
