import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ledgerKey, ledgerKeyOfRecord } from '../../src/pipeline/ledgerKey.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import type { Claim, LedgerEntry } from '../../src/store/store.ts';
import { hashClickId } from '../../src/telemetry/log.ts';
import { folderWith, runCommand } from './commandLine.ts';

const configuration = `kafka: {brokers: 'localhost:9092', group: shop}
registry: {url: 'http://localhost:8081'}
store: sqlite:connector.db
mappings:
  - {topic: web, event: Visited, record: click, click: clickId, user: visitorId}
  - {topic: accounts, event: SignedUp, record: lead, user: userId}
  - {topic: orders, event: OrderPlaced, record: order, user: customerId, id: orderId}
`;
const traceUrl = "telemetry: {traceUrl: 'http://localhost:16686/trace/{traceId}'}\n";

const at = Date.parse('2026-11-24T10:30:00Z');
const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const click = { hash: '0123456789ab', mask: 'ab…yz', at, userKey: 'u-1' };

/** A store that a connector has open, and the command beside it. */
async function openBeside(text = configuration + traceUrl) {
  const folder = await folderWith({ 'connector.yaml': text });
  const store = openSqliteStore(join(folder, 'connector.db'));
  onTestFinished(() => store.close());
  const explain = (...options: readonly string[]) =>
    runCommand(['explain', ...options], { folder });
  return { ...store, folder, explain };
}

function claimOf(id: string, kind: Claim['kind'] = 'order', given: Partial<Claim> = {}): Claim {
  const place = { topic: 'orders', partition: 2, offset: 17 };
  return { key: ledgerKey(kind, id), kind, ...place, click, traceId, ...given };
}

const history = [
  { at: at + 1_000, answer: 'ECONNRESET', class: 'ambiguous', milliseconds: 31 },
  { at: at + 2_000, answer: 200, class: 'delivered', milliseconds: 8 },
];

function endOf(id: string, end: Partial<LedgerEntry> = {}): LedgerEntry {
  const delivered = { state: 'delivered', status: 200, attempts: 2, history } as const;
  return { key: ledgerKey('order', id), ...delivered, ...end };
}

describe('explain', { timeout: 60_000 }, () => {
  test('tells of an order its record, click, attempts, outcome and trace, beside the connector', async () => {
    const { ledger, explain } = await openBeside();
    await ledger.claim([claimOf('o-1')]);
    await ledger.settle([endOf('o-1')]);
    const { exitCode, stdout, stderr } = await explain('o-1');
    expect([exitCode, stderr]).toEqual([0, '']);
    const now = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/.source;
    expect(stdout).toMatch(
      new RegExp(
        [
          '^order o-1: delivered',
          '  record     orders/2/17',
          '  click      2026-11-24T10:30:00.000Z  0123456789ab \\(ab…yz\\), by the user key u-1',
          `  claimed    ${now}`,
          '  attempt 1  2026-11-24T10:30:01.000Z  ECONNRESET  ambiguous  31 ms',
          '  attempt 2  2026-11-24T10:30:02.000Z  200  delivered  8 ms',
          `  settled    ${now}`,
          `  trace      http://localhost:16686/trace/${traceId}\n$`,
        ].join('\n'),
      ),
    );
  });

  test('tells the same as JSON', async () => {
    const { ledger, explain } = await openBeside(configuration);
    await ledger.claim([claimOf('o-1')]);
    const reason = 'unknown-click';
    await ledger.settle([endOf('o-1', { state: 'rejected', status: 404, attempts: 22, reason })]);
    const { stdout } = await explain('o-1', '--json');
    expect(JSON.parse(stdout)).toEqual({
      id: 'o-1',
      conversions: [
        {
          ...{ kind: 'order', outcome: 'dead-lettered', reason },
          record: { topic: 'orders', partition: 2, offset: 17 },
          click: { ...click, at: '2026-11-24T10:30:00.000Z' },
          claimedAt: expect.any(String),
          attempts: 22,
          lastAttempts: [
            {
              ...{ number: 21, at: '2026-11-24T10:30:01.000Z', error: 'ECONNRESET' },
              ...{ class: 'ambiguous', milliseconds: 31 },
            },
            {
              ...{ number: 22, at: '2026-11-24T10:30:02.000Z', status: 200 },
              ...{ class: 'delivered', milliseconds: 8 },
            },
          ],
          settledAt: expect.any(String),
          traceId,
        },
      ],
    });
  });

  test('tells lead and order of one id apart, and takes the record of one without an id', async () => {
    const { ledger, explain } = await openBeside();
    const record = { topic: 'accounts', partition: 0, offset: 4 };
    await ledger.claim([
      ...[claimOf('7'), claimOf('7', 'lead', { traceId: undefined })],
      { key: ledgerKeyOfRecord('lead', record), kind: 'lead', ...record },
    ]);
    await ledger.abandon([ledgerKey('lead', '7')]);
    const both = await explain('7');
    expect(both.stdout).toMatch(/^lead 7: on its way; it may have been sent by a run .*/);
    expect(both.stdout).toContain('\n\norder 7: on its way; its attempts are noted once');
    expect((await explain('7', '--kind', 'order')).stdout).toMatch(/^order 7/);
    const { stdout } = await explain('accounts/0/4');
    expect(stdout).toContain('click      no longer known');
    expect(stdout).toContain('trace      none');
  });

  test('says what is known, and where to look, where the ledger has nothing', async () => {
    const { clicks, explain } = await openBeside();
    await clicks.save([{ userKey: 'u-1', clickId: 'click-of-long-ago', at }]);
    const { exitCode, stdout } = await explain('o-9', '--user', 'u-1', 'u-2');
    expect(exitCode).toBe(1);
    const hash = hashClickId('click-of-long-ago');
    for (const line of [
      'no lead or order o-9 is in the ledger: nothing was sent for it',
      `user key u-1: clicked\n  2026-11-24T10:30:00.000Z  ${hash} (cl…go)`,
      'user key u-2: no click is stored',
      'lead, from SignedUp on accounts: userId, else customerId, else topic/partition/offset',
      'order, from OrderPlaced on orders: orderId\n',
      'the topic shop.dead-letters',
      'check --sample',
    ]) {
      expect(stdout).toContain(line);
    }
    expect(stdout).not.toContain('click-of-long-ago');
    const asJson = await explain('o-9', '--kind', 'order', '--json');
    expect(JSON.parse(asJson.stdout)).toMatchObject({
      ...{ id: 'o-9', conversions: [], users: [], deadLetters: 'shop.dead-letters' },
      mappings: [{ setting: 'mappings[2]', kind: 'order', topic: 'orders', id: ['orderId'] }],
    });
  });

  test('says so, too, where there is no store yet', async () => {
    const folder = await folderWith({ 'connector.yaml': configuration });
    const { exitCode, stdout } = await runCommand(['explain', 'o-1', '--user', 'u'], { folder });
    expect([exitCode, stdout]).toEqual([1, expect.stringContaining('user key u: no click')]);
  });

  test('knows no other kind', async () => {
    const { exitCode, stderr } = await runCommand(['explain', 'o-1', '--kind', 'click']);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('lead, order')]);
  });
});
