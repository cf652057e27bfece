import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { openClickTable } from '../../src/store/clickTable.ts';
import { testLookUp } from '../store/lookUp.ts';
import { clickOf } from '../store/subject.ts';
import {
  insertClicks,
  type OwnTable,
  ownMariadbTable,
  ownPostgresTable,
  tablesWith,
} from './ownTable.ts';

const { postgres, mariadb, missing } = inject('services');

/** A server that users have tables in, and what is its own about them. */
interface Server {
  readonly name: string;
  readonly open: () => Promise<OwnTable>;
  /** The columns of a table as users have it. */
  readonly columns: string;
  /** A type of times without a zone, and a time as it takes it. */
  readonly localTime: string;
  readonly storedTime: (at: number) => unknown;
  /** Types of times, each with the same one in SQL. */
  readonly times: readonly (readonly [type: string, value: string])[];
  /** Types of user keys, each with one. */
  readonly userKeys: readonly (readonly [type: string, userKey: string])[];
}

if (postgres) {
  const open = () => ownPostgresTable(postgres.url);
  testTable({
    name: 'Postgres',
    open,
    columns: 'user_id text, click_id varchar(512), created_at timestamptz',
    localTime: 'timestamp',
    storedTime: (at) => new Date(at),
    times: [
      ['timestamp with time zone', "'2026-07-01 12:00:00.123456+02'"],
      ['timestamp without time zone', "'2026-07-01 10:00:00.123456'"],
      ['bigint', '1782900000123'],
    ],
    userKeys: [
      ['varchar(20)', 'u-1'],
      ['char(20)', 'u-1'],
      ['smallint', '-7'],
      ['integer', '70000'],
      ['bigint', '9007199254740993'],
      ['uuid', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
    ],
  });
  testPostgres(open);
} else test("a user's table in Postgres", (context) => context.skip(missing.postgres));

if (mariadb) {
  const open = () => ownMariadbTable(mariadb.url);
  testTable({
    name: 'MariaDB',
    open,
    columns: 'user_id varchar(190), click_id varchar(512), created_at datetime(3), KEY (user_id)',
    localTime: 'datetime',
    storedTime: (at) => new Date(at).toISOString().replace('T', ' ').replace('Z', ''),
    times: [
      ['timestamp(6)', "CONVERT_TZ('2026-07-01 12:00:00.123456', '+02:00', @@session.time_zone)"],
      ['datetime(6)', "'2026-07-01 10:00:00.123456'"],
      ['bigint', '1782900000123'],
      ['bigint unsigned', '1782900000123'],
    ],
    userKeys: [
      ['char(20)', 'u-1'],
      ['varchar(20) CHARACTER SET latin1 COLLATE latin1_german1_ci', 'Zoë'],
      ['varchar(20) CHARACTER SET ascii COLLATE ascii_bin', 'u-1'],
      ['varchar(20) CHARACTER SET utf8mb3 COLLATE utf8mb3_unicode_ci', 'Zoë'],
      ['text', 'u-1'],
      ['int', '70000'],
      ['bigint', '9007199254740993'],
      ['bigint unsigned', '9007199254740993'],
      ['uuid', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
    ],
  });
  testMariadb(open);
} else test("a user's table in MariaDB", (context) => context.skip(missing.mariadb));

async function openTable(table: Pick<OwnTable, 'settings'>) {
  const opened = await openClickTable(table.settings);
  onTestFinished(() => opened.close());
  return opened;
}

/** A view of ten rows of a table, opened in its place. */
async function openView({ name, settings, query }: OwnTable) {
  await query(`CREATE VIEW ${name}_view AS SELECT * FROM ${name} LIMIT 10`);
  return openTable({ settings: { ...settings, name: `${settings.name}_view` } });
}

/** What a table does on whichever server. */
function testTable({ name, open, columns, localTime, storedTime, ...types }: Server): void {
  testLookUp(`a user's table in ${name}`, tablesWith(open, columns, storedTime));

  describe(`a user's table in ${name}`, () => {
    test.each(types.times)('gives the time of a %s', async (type, value) => {
      const table = await open();
      await table.query(
        `CREATE TABLE ${table.name} (user_id varchar(20), click_id text, created_at ${type} NULL)`,
      );
      await table.query(`INSERT INTO ${table.name} VALUES ('user', 'a', ${value})`);
      await table.query(
        `INSERT INTO ${table.name} VALUES ('user', 'b', NULL), ('user', NULL, ${value})`,
      );
      const { find } = await openTable(table);
      expect((await find(['user'])).get('user')).toEqual([
        clickOf('user', 'a', Date.parse('2026-07-01T10:00:00.123Z')),
      ]);
    });

    test('gives no click of a row that has none, be it null or an empty text', async () => {
      const table = await open();
      await table.query(
        `CREATE TABLE ${table.name} (user_id varchar(20), click_id text, created_at ${localTime})`,
      );
      await table.query(
        `INSERT INTO ${table.name} VALUES ('user', NULL, '2026-07-01'), ('user', '', '2026-07-02')`,
      );
      const { find } = await openTable(table);
      expect([...(await find(['user']))]).toEqual([]);
    });

    test.each(types.userKeys)(
      'finds the user keys of a %s among others of any kind',
      async (type, userKey) => {
        const table = await open();
        await table.query(
          `CREATE TABLE ${table.name} (user_id ${type}, click_id text, created_at ${localTime})`,
        );
        await insertClicks(table, [clickOf(userKey, 'a')], storedTime);
        const { find } = await openTable(table);
        expect([...(await find([...otherKeys, userKey]))]).toEqual([
          [userKey, [clickOf(userKey, 'a')]],
        ]);
      },
    );
  });
}

/** User keys that no table has, though one of its type may not take them, or may take them for others. */
const otherKeys = [
  ...['007', '1.5', '1e3', '99999', '9007199254740995', '99999999999999999999'],
  ...['a0ee', '', 'é', ' -7', '-0', '\u{1f600}', 'zoe'],
];

function testPostgres(open: () => Promise<OwnTable>): void {
  describe("a user's table in Postgres", () => {
    test('finds a uuid however it is written', async () => {
      const table = await open();
      await table.query(
        `CREATE TABLE ${table.name} (user_id uuid, click_id text, created_at timestamp)`,
      );
      const userKey = 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11';
      await insertClicks(table, [clickOf(userKey, 'a')]);
      const { find } = await openTable(table);
      expect([...(await find([userKey])).keys()]).toEqual([userKey]);
    });

    test('says how much it holds, and whether an index finds it', async () => {
      const table = await open();
      await table.query(
        `CREATE TABLE ${table.name} AS SELECT 'user-' || n AS user_id, 'click-' || n AS click_id, now()::timestamp AS created_at FROM generate_series(1, 120000) n`,
      );
      const opened = await openTable(table);
      expect(await opened.look()).toMatchObject({ isIndexed: false });
      await table.query(`CREATE INDEX ON ${table.name} (user_id, click_id)`);
      await table.query(`ANALYZE ${table.name}`);
      expect(await opened.look()).toEqual({ rows: 'about 120000', isIndexed: true });
      const view = await openView(table);
      expect(await view.look()).toEqual({ rows: '10', isIndexed: undefined });
    });
  });
}

function testMariadb(open: () => Promise<OwnTable>): void {
  describe("a user's table in MariaDB", () => {
    test.each([
      'varchar(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci',
      'varchar(64) CHARACTER SET latin1 COLLATE latin1_german1_ci',
    ])('is read by its index on a %s', async (type) => {
      const table = await open();
      await table.query(
        `CREATE TABLE ${table.name} (user_id ${type}, click_id text, created_at datetime) AS
         SELECT concat('user-', seq) AS user_id, 'click' AS click_id, now() AS created_at FROM mysql.seq_1_to_120000`,
      );
      const opened = await openTable(table);
      expect(await opened.look()).toMatchObject({ isIndexed: false });
      await table.query(`CREATE INDEX by_user ON ${table.name} (user_id)`);
      expect(await opened.look()).toEqual({
        rows: expect.stringMatching(/^about 1[0-3]\d{4}$/),
        isIndexed: true,
      });
      const readsBefore = await readsOf(table);
      const userKeys = Array.from({ length: 2_000 }, (_, n) => `user-${n * 50 + 1}`);
      expect((await opened.find(userKeys)).size).toBe(2_000);
      expect((await readsOf(table)) - readsBefore).toBeLessThan(20_000);
      const view = await openView(table);
      expect(await view.look()).toEqual({ rows: '10', isIndexed: undefined });
    });
  });
}

/** How often the server has read a row or an entry of an index so far. */
async function readsOf(table: OwnTable): Promise<number> {
  const rows = await table.query("SHOW GLOBAL STATUS LIKE 'Handler_read_%'");
  return z
    .array(z.object({ Value: z.coerce.number() }))
    .parse(rows)
    .reduce((sum, { Value }) => sum + Value, 0);
}
