import { describe, expect, onTestFinished, type TestContext, test } from 'vitest';
import { startProxy } from '../../dev/chaos/proxy.ts';
import { toError, UnavailableError } from '../../src/errors.ts';
import { openStore } from '../../src/store/open.ts';
import type { LedgerEntry, Store } from '../../src/store/store.ts';
import { claimOf, clickOf, rangeOf } from '../store/subject.ts';
import { ownPostgres } from './ownPostgres.ts';
import { ownSchema, settingOf } from './ownSchema.ts';
import { realPart } from './services.ts';
import { until } from './until.ts';

const second = 1_000;

async function openForTest(setting: string): Promise<Store> {
  const store = await openStore(setting);
  onTestFinished(() => store.close());
  return store;
}

function settled(id: string): LedgerEntry {
  return { key: claimOf(id).key, state: 'delivered', status: 200, attempts: 1 };
}

/** Each way in which the pipeline uses a store. */
const calls: readonly ((store: Store) => Promise<unknown>)[] = [
  ({ clicks }) => clicks.save([clickOf('user', 'a')]),
  ({ clicks }) => clicks.find(['user']),
  ({ clicks }) => clicks.purge(10_000, 10),
  ({ clicks }) => clicks.count(),
  ({ ledger }) => ledger.claim([claimOf('a')]),
  ({ ledger }) => ledger.settle([settled('a')]),
  ({ ledger }) => ledger.release([claimOf('a').key]),
  ({ ledger }) => ledger.abandon([claimOf('a').key]),
  ({ ledger }) => ledger.count(),
  ({ workLog }) => workLog.begin([rangeOf(0, 9)]),
  ({ workLog }) => workLog.end(),
  ({ workLog }) => workLog.crashed(),
  ({ workLog }) => workLog.forget([rangeOf(0, 9)]),
];

/** Makes a call again and again, as the pipeline does, until it fails in no way that may pass. */
async function repeat<Result>(work: () => Promise<Result>): Promise<Result> {
  const seen = await until(
    () => work().then((result) => ({ result }), toError),
    (last) => !(last instanceof UnavailableError),
    30 * second,
  );
  if (seen instanceof Error) throw seen;
  return seen.result;
}

/** Every call must say that the store is away for now. */
async function expectAllUnavailable(store: Store): Promise<void> {
  const failures = await Promise.all(calls.map((call) => call(store).then(() => 'done', toError)));
  for (const [index, failure] of failures.entries()) {
    expect(failure, `${calls[index]}`).toBeInstanceOf(UnavailableError);
    expect(String(failure)).toMatch(/store postgres:\/\/[\d.]+:\d+\/postgres: ./);
  }
}

async function expectAllDone(store: Store): Promise<void> {
  for (const call of calls) await repeat(() => call(store));
}

/** A store, and a proxy on the way to it. */
async function openBehindProxy(context: TestContext) {
  const { url } = realPart('postgres', context);
  const schema = await ownSchema(url);
  const proxy = await startProxy();
  context.onTestFinished(proxy.close);
  proxy.leadTo(Number(new URL(url).port || 5_432));
  const setting = settingOf(schema.setting, { port: proxy.port, host: '127.0.0.1' });
  const store = await openForTest(setting);
  context.onTestFinished(proxy.open);
  return { schema, proxy, store };
}

describe('a Postgres store', { timeout: 120 * second }, () => {
  test('goes on when its connections are terminated', async (context) => {
    const server = await ownPostgres(context);
    const store = await openForTest(server.setting);
    for (const call of calls) {
      await repeat(() => call(store));
      await server.terminateConnectors();
      await repeat(() => call(store));
    }
  });

  test('loses nothing, and claims nothing twice, when the server crashes in the middle of chunks', async (context) => {
    const server = await ownPostgres(context);
    const store = await openForTest(server.setting);
    const { ledger, clicks } = store;
    const chunks = Array.from({ length: 12 }, (_, chunk) =>
      Array.from({ length: 500 }, (_, index) => `order-${chunk}-${index}`),
    );
    let failures = 0;
    const counted = <Result>(work: () => Promise<Result>) =>
      repeat(() =>
        work().catch((thrown) => {
          failures += 1;
          throw thrown;
        }),
      );
    for (const [chunk, ids] of chunks.entries()) {
      const crash = chunk % 4 === 1 ? server.crash().catch(() => undefined) : undefined;
      await counted(() => clicks.save(ids.map((id) => clickOf(id, 'click'))));
      const results = await counted(() => ledger.claim(ids.map((id) => claimOf(id))));
      expect(new Set(results)).toEqual(new Set(['claimed']));
      await counted(() => ledger.settle(ids.map(settled)));
      await crash;
    }
    expect(failures).toBeGreaterThan(0);
    const rows = await server.query(
      'SELECT state, attempts, count(*)::integer AS count FROM ledger GROUP BY 1, 2',
    );
    expect(rows).toEqual([{ state: 'delivered', attempts: 1, count: 6_000 }]);
    expect(await clicks.count()).toBe(6_000);
  });

  test('keeps what is claimed and settled when the server is shut down at once and started again', async (context) => {
    const server = await ownPostgres(context);
    const ours = await openForTest(server.setting);
    const other = await openForTest(server.setting);
    await ours.ledger.claim([claimOf('in flight'), claimOf('sent')]);
    await other.ledger.claim([claimOf('of another')]);
    await ours.ledger.settle([settled('sent')]);
    await server.restart();
    const claims = [claimOf('in flight'), claimOf('sent'), claimOf('of another')];
    expect(await repeat(() => ours.ledger.claim(claims))).toEqual(['claimed', 'delivered', 'busy']);
  });

  test('makes a claim, a take-over and a settlement again whose answer was lost', async (context) => {
    const { schema, proxy, store } = await openBehindProxy(context);
    const { ledger } = store;
    const earlier = await openStore(schema.setting);
    await earlier.ledger.claim([claimOf('taken over')]);
    await earlier.close();
    const claims = [claimOf('new'), claimOf('taken over')];
    const rowsAre = (text: string) =>
      until(
        () => schema.query(text),
        (rows) => rows.length === 2,
        10 * second,
      );
    const lose = async <Result>(work: () => Promise<Result>, done: string) => {
      proxy.swallow();
      const losing = work().then(() => 'answered', toError);
      await rowsAre(done);
      proxy.cut();
      expect(await losing).toBeInstanceOf(UnavailableError);
      await proxy.open();
    };
    const [idle] = await ledger.claim([claimOf('other')]);
    expect(idle).toBe('claimed');
    await lose(
      () => ledger.claim(claims),
      `SELECT FROM ledger JOIN owner ON owner.id = ledger.owner
      WHERE topic = 'orders' AND key <> '\\x${claimOf('other').key.toString('hex')}'`,
    );
    expect(await repeat(() => ledger.claim(claims))).toEqual(['claimed', 'interrupted']);
    const entries = [settled('new'), settled('taken over')];
    await lose(() => ledger.settle(entries), "SELECT FROM ledger WHERE state = 'delivered'");
    await repeat(() => ledger.settle(entries));
    expect(await schema.query("SELECT attempts FROM ledger WHERE state = 'delivered'")).toEqual([
      { attempts: 1 },
      { attempts: 1 },
    ]);
  });

  test('gives up a server that does not answer, and goes on once it does', async (context) => {
    const { proxy, store } = await openBehindProxy(context);
    proxy.hang();
    const startedAt = performance.now();
    await expectAllUnavailable(store);
    expect(performance.now() - startedAt).toBeLessThan(20 * second);
    await until(
      () => store.ledger.isWithinLease(),
      (isWithin) => !isWithin,
      20 * second,
    );
    await proxy.open();
    await expectAllDone(store);
    await until(
      () => store.ledger.isWithinLease(),
      (isWithin) => isWithin,
    );
  });

  test('waits a few seconds for a table that somebody has locked, and works again afterwards', async (context) => {
    const { url } = realPart('postgres', context);
    const schema = await ownSchema(url);
    const store = await openForTest(schema.setting);
    // The statements of one text are one transaction; its sleep ends before the test does.
    const locked = schema.query(
      'BEGIN; LOCK TABLE user_attribution, ledger, owner, work, crashed_work; SELECT pg_sleep(9); COMMIT',
    );
    await until(
      () =>
        schema.query(
          "SELECT FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND relation = 'ledger'::regclass",
        ),
      (rows) => rows.length === 1,
    );
    await expectAllUnavailable(store);
    await locked;
    await expectAllDone(store);
  });

  test('waits while the server only reads', async (context) => {
    const server = await ownPostgres(context);
    const store = await openForTest(server.setting);
    const readOnly = async (value: 'on' | 'off') => {
      await server.query(`ALTER SYSTEM SET default_transaction_read_only = ${value}`);
      await server.query('SELECT pg_reload_conf()');
      await server.terminateConnectors();
    };
    await readOnly('on');
    const claim = () => store.ledger.claim([claimOf('a')]).catch(toError);
    const failure = await until(claim, (seen) => String(seen).includes('read-only'));
    expect(failure).toBeInstanceOf(UnavailableError);
    expect((await openStore(server.setting).catch(toError)) instanceof UnavailableError).toBe(true);
    await server.query('SET default_transaction_read_only = off');
    await readOnly('off');
    await expectAllDone(store);
  });
});
