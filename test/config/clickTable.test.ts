import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { parseTableUrl } from '../../src/config/tableUrl.ts';
import { expectProblem, load, problemsOf, withFile, withSetting } from './files.ts';

const canary = 'qZ7canary';
const url =
  'must be mysql://user:password@host:port/database (MariaDB too) or postgres://…; signs such as @, /, #, ? and % in user and password are written %40, %2F, %23, %3F and %25';
const tableName = 'expected the name of a table, or schema.table: letters, digits, _, $ and -';
const columnName =
  'expected the name of a column, as the database has it: letters, digits, _, $ and -';

const withTable = (table: string) => withSetting('other', `clicks: {table: {${table}}}`);

describe('clicks.table', () => {
  test('takes an address, and the names of design and store by default', async () => {
    const { config } = await load(withTable('url: "mysql://reader@db.internal/shop"'));
    expect(config.clicks.table).toEqual({
      url: 'mysql://reader@db.internal/shop',
      name: 'user_attribution',
      columns: { user: 'user_id', click: 'click_id', at: 'created_at' },
    });
    expect((await load(withSetting('other', 'clicks: {}'))).config.clicks.table).toBeUndefined();
  });

  test.each([
    ['url: ▶connector.db', `clicks.table.url: ${url}`],
    [`url: ▶"mysql://:${canary}@db/shop"`, `clicks.table.url: ${url}`],
    [`url: ▶"mysql://user:${canary}@db"`, `clicks.table.url: ${url}`],
    [`url: ▶"mysql://user:${canary}%@db/shop"`, `clicks.table.url: ${url}`],
    [`url: ▶"mysql://user:${canary}#x@db/shop"`, `clicks.table.url: ${url}`],
    [
      `url: ▶"postgres://user:${canary}@db/shop?schema=public"`,
      'clicks.table.url: takes sslmode and sslrootcert behind the ?, and nothing else; the schema of the table goes into clicks.table.name',
    ],
    [
      `url: ▶"mysql://user:${canary}@db/shop?sslmode=prefer"`,
      'clicks.table.url: sslmode must be disable, require, verify-full; with TLS the certificate is always verified (sslrootcert=FILE names an authority of your own)',
    ],
    [
      'url: "mysql://u@db/shop", name: ▶"clicks; DROP TABLE x"',
      `clicks.table.name: ${tableName}, found another text`,
    ],
    [
      'url: "mysql://u@db/shop", name: ▶"a.b.c"',
      `clicks.table.name: ${tableName}, found another text`,
    ],
    [
      'url: "mysql://u@db/shop", columns: {user: ▶"id`, 1"}',
      `clicks.table.columns.user: ${columnName}, found another text`,
    ],
    [
      'url: "mysql://u@db/shop", columns: {▶userId: id}',
      'clicks.table.columns.userId: unknown setting; did you mean user?',
    ],
    ['▶name: clicks', 'clicks.table.url: required, but missing'],
  ])('says what is wrong with %s', async (table, message) => {
    const marked = withTable(table);
    expect((await problemsOf(marked.replace('▶', ''))).join()).not.toContain(canary);
    if (message.endsWith('missing')) {
      expect(await problemsOf(marked.replace('▶', ''))).toEqual([
        expect.stringContaining(`: error: ${message}`),
      ]);
    } else await expectProblem(marked, message);
  });

  test('never shows the password of an address that was written in a wrong place', async () => {
    const address = `mysql://user:${canary}@db/shop`;
    for (const text of [
      `clicks: {table: "${address}"}`,
      `clicks: {table: {"${address}"}}`,
      `clicks: {table: {url: ["${address}"]}}`,
      `clicks: {table: {name: "${address}", url: "mysql://u@db/s"}}`,
      `clicks: {table: {columns: {at: "${address}"}, url: "mysql://u@db/s"}}`,
      `clicks: {url: "${address}"}`,
      `clicks: {table: {uri: "${address}"}}`,
      `clicks: {table: {url:${address}}}`,
      `store: "${address}"`,
    ]) {
      const said = (await problemsOf(withSetting('other', text))).join('\n');
      expect(said, text).toContain('connector.yaml:1:');
      expect(said, text).not.toContain(canary);
    }
  });

  test('finds the file of sslrootcert beside the configuration', async () => {
    const content = withTable('url: "mysql://u@db/shop?sslmode=require&sslrootcert=ca.pem"');
    await withFile(content, async (file, folder) => {
      const { config } = await loadConfig(file, {});
      const address = parseTableUrl(config.clicks.table?.url ?? '');
      expect(address).toMatchObject({ tls: true, rootCertificate: join(folder, 'ca.pem') });
    });
  });

  test.each([
    ['mysql://u:p%40%2F@db/shop', { kind: 'mysql', port: 3_306, password: 'p@/' }],
    ['mariadb://u@[::1]:3307/shop', { kind: 'mysql', port: 3_307, host: '::1' }],
    ['postgres://u@db/shop', { kind: 'postgres', port: 5_432, tls: false }],
    ['postgresql://u@db/shop?sslmode=require', { kind: 'postgres', database: 'shop', tls: true }],
  ])('reads the address %s', (setting, address) => {
    expect(parseTableUrl(setting)).toMatchObject(address);
  });
});
