import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import type { LedgerEntry } from '../../src/store/store.ts';
import { minimal } from '../config/files.ts';
import { startReceiver } from '../powerspace/receiver.ts';
import { sandboxForTest } from '../sandbox/support.ts';
import { claimOf } from '../store/subject.ts';
import { folderWith, runCommand } from './commandLine.ts';

const token = 'qZ7canary';
const oneDay = 86_400_000;

function configuration(
  url: string,
  group = `token: ${token}, fields: {leads: leads, orders: orders}`,
) {
  return `${minimal}reconcile: {url: '${url}', ${group}}
`;
}

/** Noon in UTC, some days ago, which is the time here until the test ends. */
function moveTo(daysAgo: number): string {
  const noon = (Math.floor(Date.now() / oneDay) - daysAgo + 0.5) * oneDay;
  vi.useFakeTimers({ toFake: ['Date'], now: noon });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  return new Date(noon).toISOString().slice(0, 10);
}

/** A store that a connector has open, a Powerspace that has what it delivered, and the command beside them. */
async function deliver(ends: Readonly<Record<string, Partial<LedgerEntry> & { sent?: number }>>) {
  const sandbox = await sandboxForTest();
  const url = `${sandbox.url}/v4/advertiser`;
  const folder = await folderWith({ 'connector.yaml': configuration(url) });
  const { ledger, close } = openSqliteStore(join(folder, 'connector.db'));
  onTestFinished(close);
  for (const [id, { sent = 1, ...end }] of Object.entries(ends)) {
    const { key, kind } = claimOf(id, { kind: id.startsWith('lead') ? 'lead' : 'order' });
    await ledger.claim([claimOf(id, { kind })]);
    await ledger.settle([{ key, state: 'delivered', status: 200, attempts: 1, ...end }]);
    const target = kind === 'lead' ? `ld?qci=${id}` : `ord?qci=${id}&ov=10`;
    for (let turn = 0; turn < sent; turn += 1) await fetch(`${sandbox.url}/${target}`);
  }
  const reconcile = (...options: readonly string[]) =>
    runCommand(['reconcile', ...options], { folder });
  const configure = (text: string) => writeFile(join(folder, 'connector.yaml'), text);
  return { reconcile, configure };
}

const lost = { at: 1, answer: 'ETIMEDOUT', class: 'ambiguous', milliseconds: 5_000 };

describe('reconcile', { timeout: 60_000 }, () => {
  test('says that both sides have the same, and ends with 0', async () => {
    const date = moveTo(3);
    const { reconcile } = await deliver({ 'lead-1': {}, 'order-1': {}, 'order-2': {} });
    const { exitCode, stdout, stderr } = await reconcile('--date', date);
    expect(stdout.replace(/\d[\d.]* (h|d) ago/, 'N ago')).toBe(
      [
        `${date} in UTC, which ended N ago: final`,
        '       ledger  Powerspace  difference',
        'lead   1       1           0           0 %',
        'order  2       2           0           0 %\n',
      ].join('\n'),
    );
    expect([exitCode, stderr]).toEqual([0, '']);
  });

  test('says what differs, by how much and why, and ends with 1', async () => {
    const date = moveTo(3);
    const { reconcile } = await deliver({
      'order-1': {},
      'order-2': { history: [lost], attempts: 2, sent: 2 },
      'order-3': { state: 'rejected', status: 404, reason: 'unknown-click', sent: 0 },
    });
    const { exitCode, stdout } = await reconcile('--date', date);
    expect(exitCode).toBe(1);
    for (const line of [
      'order  2       3           +1          +50 %  beyond 1 %',
      'dead letters of the day, order: 1 unknown-click',
      'likeliest causes, first the likeliest:',
      '  order  at most 1  sent again, as an answer was lost',
      'look at: powerspace_postback_resends_total',
    ]) {
      expect(stdout).toContain(line);
    }
  });

  test('says the same as JSON', async () => {
    const date = moveTo(3);
    const { reconcile } = await deliver({ 'lead-1': {}, 'order-1': { sent: 0 } });
    const { exitCode, stdout, stderr } = await reconcile('--date', date, '--json');
    expect([exitCode, stderr]).toEqual([1, '']);
    const equal = { isWithinTolerance: true, deadLettered: {} };
    expect(JSON.parse(stdout)).toEqual({
      ...{ date, hoursSinceItsEnd: expect.any(Number), isFinal: true },
      ...{ tolerancePercent: 1, isWithinTolerance: false },
      kinds: [
        { kind: 'lead', ours: 1, theirs: 1, difference: 0, percent: 0, ...equal },
        {
          ...{ kind: 'order', ours: 1, theirs: 0, difference: -1, percent: -100 },
          ...{ isWithinTolerance: false, deadLettered: {} },
        },
      ],
      causes: [{ kind: 'order', cause: expect.any(String), look: expect.any(String) }],
    });
  });

  test('takes yesterday, which is not final, and an empty answer for a day without data', async () => {
    const date = moveTo(1);
    const { reconcile } = await deliver({ 'order-1': { sent: 0 } });
    const { exitCode, stdout } = await reconcile();
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(new RegExp(`^${date} in UTC, .*: not final before it is 24 h\n`));
    expect(stdout).toContain('order  1       0           -1          -100 %  beyond 1 %');
    expect(stdout).toContain('  all      the day is not final');
    expect(stdout).toContain('Powerspace has no data at all for this day');
  });

  test('says what to set where nothing is set', async () => {
    const text = configuration('http://localhost').replace(/^reconcile.*\n/m, '');
    const folder = await folderWith({ 'connector.yaml': text });
    const { exitCode, stdout, stderr } = await runCommand(['reconcile'], { folder });
    expect(stderr).toMatch(/^connector\.yaml: error: reconcile: needed .* set reconcile\.token/);
    expect(stderr).toContain('reconcile.fields');
    expect([exitCode, stdout]).toEqual([1, '']);
  });

  test.each([
    ['200 OK', `{"error": "bad ${token}"}`, 'are an object with error where an array was expected'],
    ['200 OK', '[{"conversions": 7}]', 'leads is not in an object with conversions, in row 1 of 1'],
    ['401 Unauthorized', token, 'answered 401: the token is not accepted (reconcile.token)'],
  ])('shows no token when Powerspace answers %s %s', async (status, body, message) => {
    const { url } = await startReceiver((socket) =>
      socket.write(`HTTP/1.1 ${status}\r\ncontent-length: ${body.length}\r\n\r\n${body}`),
    );
    const { reconcile, configure } = await deliver({});
    await configure(configuration(`${url}/v4/advertiser`));
    const { exitCode, stdout, stderr } = await reconcile();
    expect(stderr).toContain(message);
    expect(stderr).not.toContain(token);
    expect([exitCode, stdout]).toEqual([1, '']);
  });

  test('says that there is no ledger yet', async () => {
    const sandbox = await sandboxForTest();
    const folder = await folderWith({ 'connector.yaml': configuration(sandbox.url) });
    const { exitCode, stderr } = await runCommand(['reconcile'], { folder });
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('no connector has run')]);
  });

  test('takes no other day', async () => {
    const { exitCode, stderr } = await runCommand(['reconcile', '--date', '24.11.2026']);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('is no day such as')]);
  });
});
