import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, type TestContext, test } from 'vitest';
import { runCommand, startCommand } from '../cli/commandLine.ts';
import { order, signUp, visit } from './shopEvents.ts';
import { openShop } from './shopFixture.ts';
import { until } from './until.ts';

const at = new Date(Date.now() - 3_600_000);
const notFound = { type: 'answer', status: 404 } as const;

/** A shop with an order that arrived, some that Powerspace did not know, and a record that nobody can read. */
async function openShopWithDeadLetters(context: TestContext, unknown = 2) {
  const { shop, sandbox, watcher, configFile, run } = await openShop(context, [
    { kind: 'order', times: unknown, action: notFound },
  ]);
  const { orders, accounts } = shop.topics;
  await shop.produce(shop.topics['web.landing'], [
    shop.encode(visit({ visitorId: 'visitor-1', clickId: 'click-1', at })),
  ]);
  await shop.produce(accounts, [
    shop.encode(signUp({ userId: 'user-1', visitorId: 'visitor-1', at })),
  ]);
  await shop.produce(orders, [
    ...Array.from({ length: unknown + 1 }, (_, number) => ({
      ...shop.encode(
        order({ orderId: `order-${number}`, customerId: 'user-1', amount: '49.99', at }),
      ),
      headers: { 'x-request': `r-order-${number}` },
    })),
    { key: 'garbage', value: Buffer.from([7, 1, 2, 3]) },
  ]);
  const connector = await run();
  await until(watcher.progress, ({ committed, end }) => committed === end);
  await connector.stop();
  const command = (...options: readonly string[]) =>
    runCommand(['dead-letters', ...options, '--config', configFile]);
  const listed = async (...options: readonly string[]) => {
    const { stdout, stderr } = await command('list', '--json', ...options);
    expect(stderr).toBe('');
    return JSON.parse(stdout);
  };
  const start = (...options: readonly string[]) =>
    startCommand(['dead-letters', ...options, '--config', configFile]);
  const storeFile = join(dirname(configFile), 'connector.db');
  return { command, start, listed, orders, sandbox, run, watcher, storeFile };
}

/** What `replay --dry-run` says, as JSON. */
async function rehearse(
  command: (...options: readonly string[]) => ReturnType<typeof runCommand>,
  ...options: readonly string[]
) {
  const { exitCode, stdout, stderr } = await command('replay', '--dry-run', '--json', ...options);
  expect(stderr).toBe('');
  return { exitCode, ...JSON.parse(stdout) };
}

describe('dead-letters', () => {
  test('list tells what is there, and counts it', async (context) => {
    const { command, listed, orders } = await openShopWithDeadLetters(context);
    const { deadLetters, counts } = await listed();
    expect(counts).toEqual({ 'unknown-click': 2, undecodable: 1 });
    expect(deadLetters).toHaveLength(3);
    expect(deadLetters).toContainEqual({
      ...{ id: expect.stringMatching(/^0\/\d+$/), at: expect.any(String) },
      ...{ reason: 'undecodable', topic: orders, partition: expect.any(Number) },
      ...{ offset: expect.any(Number), attempts: 0, error: expect.stringContaining('07010203') },
    });
    const chosen = await listed('--reason', 'undecodable,held', '--topic', orders);
    expect(chosen.counts).toEqual({ undecodable: 1 });
    expect(await listed('--until', '2026-01-01')).toEqual({ deadLetters: [], counts: {} });
    expect(await listed('--topic', 'another')).toEqual({ deadLetters: [], counts: {} });

    const { exitCode, stdout } = await command('list', '--reason', 'unknown-click');
    expect(exitCode).toBe(0);
    expect(stdout.split('\n')[0]).toMatch(/^id +at +reason +record +as +error$/);
    expect(stdout).toMatch(/\n2 in all: 2 unknown-click\n$/);
  });

  test('show tells all that is in a record, and what to do', async (context) => {
    const { command, listed, orders } = await openShopWithDeadLetters(context);
    const [letter] = (await listed('--reason', 'unknown-click')).deadLetters;
    const { exitCode, stdout } = await command('show', letter.id);
    expect(exitCode).toBe(0);
    expect(stdout).toContain(`dead letter ${letter.id}, `);
    expect(stdout).toContain(`record      ${orders}/${letter.partition}/${letter.offset}, order`);
    expect(stdout).toMatch(/what to do {2}Powerspace does not know the click/);
    expect(stdout).toMatch(/x-request: r-order-[0-2]/);
    expect(stdout).toMatch(/"orderId": "order-[0-2]"/);

    const [garbage] = (await listed('--reason', 'undecodable')).deadLetters;
    expect((await command('show', garbage.id)).stdout).toContain('4 bytes: 07010203');
    const missing = await command('show', '0/4711');
    expect([missing.exitCode, missing.stdout]).toEqual([1, '']);
    expect(missing.stderr).toBe(
      'there is no dead letter 0/4711; list shows those that there are\n',
    );
  });

  test('replay sends once what failed, and leaves alone what has arrived', async (context) => {
    const { command, listed, sandbox } = await openShopWithDeadLetters(context);
    expect(sandbox.summary()).toMatchObject({ leads: 1, orders: 1 });
    const replayed = await command('replay', '--reason', 'unknown-click', '--json');
    expect(replayed.exitCode).toBe(0);
    expect(JSON.parse(replayed.stdout).outcomes).toEqual({
      ...{ delivered: 2, duplicate: 0, skipped: 0, 'dead-lettered': 0 },
    });
    expect(sandbox.summary()).toMatchObject({ leads: 1, orders: 3, value: '149.97' });

    const again = await command('replay', '--reason', 'unknown-click');
    expect(again.stdout).toBe('records 2: delivered 0, duplicate 2, skipped 0, dead-lettered 0\n');
    expect(sandbox.summary()).toMatchObject({ orders: 3 });

    const garbage = await command('replay', '--reason', 'undecodable');
    expect(garbage.exitCode).toBe(1);
    expect(garbage.stdout).toContain('dead-lettered 1 (undecodable 1)');
    // The new dead letter is the last word on its record.
    expect((await listed('--reason', 'undecodable')).deadLetters).toHaveLength(1);
  });

  test('replay --dry-run says beside a connector that runs what would be sent, and leaves no trace', async (context) => {
    const { command, listed, orders, sandbox, storeFile, run, watcher } =
      await openShopWithDeadLetters(context);
    const before = { sandbox: sandbox.summary(), listed: await listed() };
    const connector = await run();
    const { exitCode, counts, rehearsed } = await rehearse(command);
    expect(counts).toEqual({ 'would be sent': 2, 'dead-lettered (undecodable)': 1 });
    expect(exitCode).toBe(1);
    expect(rehearsed).toContainEqual({
      ...{ topic: orders, partition: expect.any(Number), offset: expect.any(Number) },
      ...{ record: 'order', outcome: 'would be sent', request: '/ord?qci=***&ov=49.99' },
    });
    await connector.stop();
    expect({ sandbox: sandbox.summary(), listed: await listed() }).toEqual(before);
    expect(await watcher.progress()).toMatchObject({ committed: 6, end: 6 });

    // What was sent since, and what a connector is about to send.
    using store = new DatabaseSync(storeFile);
    const failed = store.prepare("SELECT key FROM ledger WHERE state = 'rejected'").all();
    const set = store.prepare('UPDATE ledger SET state = ? WHERE key = ?');
    for (const [index, state] of ['delivered', 'claimed'].entries()) {
      set.run(state, failed[index]?.['key'] as Uint8Array);
    }
    const sent = await rehearse(command, '--reason', 'unknown-click');
    expect(sent.counts).toEqual({ duplicate: 1, 'duplicate (claimed)': 1 });
    expect(sent.exitCode).toBe(0);
    const { stdout } = await command('replay', '--dry-run', '--reason', 'unknown-click');
    expect(stdout).toMatch(
      /^What a replay would make of them\. Nothing was sent, stored or committed\.\nrecord +as +outcome/,
    );
    expect(stdout).toMatch(/orders\/\d\/\d+ +order +duplicate +claimed\n/);
  });

  test('replay that is stopped says how to go on, and goes on with what is left', async (context) => {
    const { command, start, sandbox } = await openShopWithDeadLetters(context, 6);
    const stopped = start('replay', '--reason', 'unknown-click', '--rate', '1');
    await until(
      () => sandbox.summary().orders,
      (orders) => orders > 1,
    );
    stopped.signal('SIGINT');
    const { exitCode, stderr } = await stopped.ended;
    expect(exitCode).toBe(1);
    expect(sandbox.summary().orders).toBeLessThan(7);
    const [, time] = /to go on: the same command, and --until (\S+)\n/.exec(stderr) ?? [];
    const rest = await command('replay', '--reason', 'unknown-click', '--until', String(time));
    expect(rest.exitCode).toBe(0);
    expect(sandbox.summary()).toMatchObject({ leads: 1, orders: 7, value: '349.93' });
  });
});
