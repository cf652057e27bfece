import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, onTestFinished, test } from 'vitest';
import { UnavailableError } from '../../src/errors.ts';
import { sqliteMigrations } from '../../src/store/migrations.ts';
import { countSettled, openStore } from '../../src/store/open.ts';
import { openSqliteClicks, openSqliteLedger, openSqliteStore } from '../../src/store/sqlite.ts';
import { sqliteSettledStatement } from '../../src/store/sqliteSettled.ts';
import type { Store } from '../../src/store/store.ts';
import { testStoreContract } from './contract.ts';
import { testLookUp } from './lookUp.ts';
import { testStoreAgainstModel } from './model.ts';
import { testStoreReadersContract } from './readersContract.ts';
import { claimOf, clickOf, rangeOf } from './subject.ts';

function newFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'powerspace-connector-store-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, 'connector.db');
}

function newPlace() {
  const file = newFile();
  return { open: () => openSqliteStore(file) };
}

testStoreContract('the SQLite store', newPlace);
testStoreAgainstModel('the SQLite store', newPlace);
testLookUp('the SQLite store', async (clicks) => {
  const file = newFile();
  const store = openSqliteStore(file);
  await store.clicks.save(clicks);
  await store.close();
  return openSqliteClicks(file);
});
testStoreReadersContract('the SQLite store', () => `sqlite:${newFile()}`);

function openForTest(file: string): Store {
  const store = openSqliteStore(file);
  onTestFinished(() => store.close());
  return store;
}

/** Another program that has the database open, such as a backup or somebody's shell. */
function otherProgram(file: string): DatabaseSync {
  const database = new DatabaseSync(file);
  onTestFinished(() => database.close());
  return database;
}

function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (thrown) {
    return thrown;
  }
  return undefined;
}

describe('opening the SQLite store', () => {
  test('names the file that cannot be opened', () => {
    const file = join(newFile(), 'no', 'such', 'folder.db');
    const thrown = thrownBy(() => openSqliteStore(file));
    expect(thrown).toBeInstanceOf(UnavailableError);
    expect(thrown).toMatchObject({ part: `store sqlite:${file}` });
  });

  test('names the file that is no database, and works once it is gone', () => {
    const file = newFile();
    writeFileSync(
      file,
      'not a database, but long enough to be looked at as if it were one'.repeat(9),
    );
    const thrown = thrownBy(() => openSqliteStore(file));
    expect(thrown).toBeInstanceOf(UnavailableError);
    expect(String(thrown)).toContain(file);
    rmSync(file);
    openForTest(file);
  });

  test('is refused while another connector has it open', async () => {
    const file = newFile();
    const first = openSqliteStore(file);
    const thrown = thrownBy(() => openSqliteStore(file));
    expect(thrown).toBeInstanceOf(UnavailableError);
    expect(String(thrown)).toContain('another connector has it open');
    expect(await first.ledger.claim([claimOf('a')])).toEqual(['claimed']);
    await first.close();
    expect(await openForTest(file).ledger.claim([claimOf('a')])).toEqual(['interrupted']);
  });

  test('is possible again once the process that had it open was killed, and tells what it was at work on', async () => {
    const file = newFile();
    const script = `
      import { openSqliteStore } from ${JSON.stringify(import.meta.resolve('../../src/store/sqlite.ts'))};
      const store = openSqliteStore(${JSON.stringify(file)});
      await store.workLog.begin([${JSON.stringify(rangeOf(0, 9))}]);
      console.log('open');
      setInterval(() => store, 1_000);
    `;
    const other = spawn(process.execPath, ['--input-type=module', '-e', script]);
    onTestFinished(() => {
      other.kill('SIGKILL');
    });
    await once(other.stdout, 'data');
    expect(thrownBy(() => openSqliteStore(file))).toBeInstanceOf(UnavailableError);
    other.kill('SIGKILL');
    await once(other, 'close');
    const { workLog } = openForTest(file);
    expect(await workLog.crashed()).toEqual([{ ...rangeOf(0, 9), crashes: 1 }]);
  });

  test('that an older connector has made keeps what is in it', async () => {
    const file = newFile();
    const older = new DatabaseSync(file);
    older.exec(`${sqliteMigrations[0]}; PRAGMA user_version = 1;
      INSERT INTO user_attribution VALUES ('user', 'a', 1000);
      INSERT INTO ledger VALUES (x'${claimOf('a').key.toString('hex')}', 'order', 'delivered', 'owner', 'orders',
        0, 7, 1, 2, 1, 200);`);
    older.close();
    const reader = openSqliteLedger(file);
    const asThen = await reader.find(claimOf('a').key);
    await reader.close();
    const { clicks, ledger, workLog } = openForTest(file);
    expect((await clicks.find(['user'])).get('user')).toEqual([clickOf('user', 'a')]);
    expect(await workLog.crashed()).toEqual([]);
    expect(await ledger.claim([claimOf('a')])).toEqual(['delivered']);
    const asNow = openSqliteLedger(file);
    expect(await asNow.find(claimOf('a').key)).toEqual(asThen);
    expect(asThen).toMatchObject({ state: 'delivered', offset: 7, claimedAt: 1, history: [] });
    await asNow.close();
  });

  test('is refused while another program writes to it, and works afterwards', () => {
    const file = newFile();
    const other = otherProgram(file);
    other.exec('PRAGMA journal_mode = WAL; BEGIN IMMEDIATE; CREATE TABLE theirs (a);');
    expect(thrownBy(() => openSqliteStore(file))).toBeInstanceOf(UnavailableError);
    other.exec('ROLLBACK');
    openForTest(file);
  });

  test('by its setting needs the scheme sqlite', async () => {
    const file = newFile();
    await (await openStore(`sqlite:${file}`)).close();
    await expect(openStore(file)).rejects.toThrow('unknown store; write sqlite:FILE or postgres:');
  });

  test('in memory is a store of its own each time', async () => {
    const [one, other] = [openForTest(':memory:'), openForTest(':memory:')];
    await one.clicks.save([clickOf('user', 'a')]);
    expect(await other.clicks.count()).toBe(0);
  });
});

describe('a SQLite store that another program has locked for longer than it waits', () => {
  test.each<[string, (store: Store) => Promise<unknown>]>([
    ['saving clicks', ({ clicks }) => clicks.save([clickOf('user', 'a')])],
    ['purging clicks', ({ clicks }) => clicks.purge(10_000, 10)],
    ['purging the ledger', ({ ledger }) => ledger.purge(10_000, 10)],
    ['claiming', ({ ledger }) => ledger.claim([claimOf('a')])],
    [
      'settling',
      ({ ledger }) =>
        ledger.settle([{ key: claimOf('a').key, state: 'delivered', status: 200, attempts: 1 }]),
    ],
    ['releasing', ({ ledger }) => ledger.release([claimOf('a').key])],
    ['beginning work', ({ workLog }) => workLog.begin([rangeOf(0, 9)])],
    ['asking for crashes', ({ workLog }) => workLog.crashed()],
  ])('is unavailable for %s, can be read, and works again afterwards', async (_, work) => {
    const file = newFile();
    const store = openForTest(file);
    await store.clicks.save([clickOf('known', 'a')]);
    const other = otherProgram(file);
    other.exec('BEGIN IMMEDIATE');
    const thrown = await work(store).catch((error) => error);
    expect(thrown).toBeInstanceOf(UnavailableError);
    expect(thrown).toMatchObject({ part: `store sqlite:${file}` });
    expect((await store.clicks.find(['known'])).size).toBe(1);
    other.exec('COMMIT');
    await work(store);
  });
});

test('what is purged from a SQLite store is in none of its bytes any more', async () => {
  const file = newFile();
  const store = openSqliteStore(file);
  const clicks = Array.from({ length: 2_000 }, (_, at) => clickOf(`qZ7-${at}`, `click-${at}`, at));
  await store.clicks.save(clicks);
  expect(await store.clicks.purge(1_990, 1_900)).toBe(1_900);
  expect(await store.clicks.purge(1_990, 1_900)).toBe(90);
  await store.close();
  const left = new Set(readFileSync(file, 'latin1').match(/qZ7-\d+/g));
  expect(left.size).toBeGreaterThan(0);
  expect([...left].filter((key) => Number(key.slice(4)) < 1_990)).toEqual([]);
});

test('a SQLite store knows how many clicks it has without counting them, beyond 100,000', async () => {
  const file = newFile();
  const { clicks } = openForTest(file);
  const many = Array.from({ length: 120_000 }, (_, at) => clickOf(`user-${at}`, 'a', at));
  await clicks.save(many);
  expect(await clicks.count()).toBe(120_000);
  await clicks.save(many.slice(0, 10));
  await clicks.purge(10_000, 5_000);
  expect(await clicks.count()).toBe(115_000);
  // What another program has removed is not noticed until there are few enough.
  otherProgram(file).exec('DELETE FROM user_attribution WHERE created_at < 10000');
  expect(await clicks.count()).toBe(115_000);
  otherProgram(file).exec('DELETE FROM user_attribution WHERE created_at < 30000');
  expect(await clicks.count()).toBe(90_000);
});

test('closing a SQLite store twice does no harm', async () => {
  const store = openSqliteStore(newFile());
  await store.close();
  await store.close();
});

describe('counting what an SQLite store has settled', () => {
  test('goes by the index on claimed_at, not through the whole ledger', async () => {
    const file = newFile();
    openForTest(file);
    const plan = otherProgram(file).prepare(`EXPLAIN QUERY PLAN ${sqliteSettledStatement}`).all();
    expect(plan.map(({ detail }) => String(detail))).toContainEqual(
      'SEARCH ledger USING INDEX ledger_claimed_at (claimed_at>? AND claimed_at<?)',
    );
  });

  test('says what to do about a store of an older version', async () => {
    const file = newFile();
    otherProgram(file).exec(`${sqliteMigrations[0]}; PRAGMA user_version = 1`);
    const refused = countSettled(`sqlite:${file}`, { from: 0, to: 1 });
    await expect(refused).rejects.toThrow('run the connector of this version on it once');
  });
});
