import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { hashClickId } from '../../src/telemetry/log.ts';
import { minimal } from '../config/files.ts';
import { folderWith, runCommand } from './commandLine.ts';

const at = Date.parse('2026-11-24T10:30:00Z');

/** Two clicks of `u-1`, in a store that a connector has open. */
async function openClicks() {
  const folder = await folderWith({ 'connector.yaml': minimal });
  const store = openSqliteStore(join(folder, 'connector.db'));
  onTestFinished(() => store.close());
  await store.clicks.save([
    { userKey: 'u-1', clickId: 'a-later', at: at + 1_000 },
    { userKey: 'u-1', clickId: 'b-earlier', at },
    { userKey: 'u-2', clickId: 'c-other', at },
  ]);
  return (...options: readonly string[]) => runCommand(['clicks', 'get', ...options], { folder });
}

describe('clicks get', { timeout: 60_000 }, () => {
  test('shows when the clicks of a key were, and no click id', async () => {
    const get = await openClicks();
    expect(await get('u-1')).toEqual({
      ...{ exitCode: 0, stderr: '' },
      stdout: [
        `2026-11-24T10:30:00.000Z  ${hashClickId('b-earlier')}  store\n`,
        `2026-11-24T10:30:01.000Z  ${hashClickId('a-later')}  store\n`,
      ].join(''),
    });
  });

  test('shows the click ids where that is asked for', async () => {
    const get = await openClicks();
    const { stdout } = await get('u-2', '--show', '--json');
    const hash = hashClickId('c-other');
    expect(JSON.parse(stdout)).toEqual({
      clicks: [{ at: '2026-11-24T10:30:00.000Z', hash, from: 'store', clickId: 'c-other' }],
    });
  });

  test('says that a key has no click', async () => {
    const get = await openClicks();
    const { exitCode, stdout } = await get('u-3');
    expect([exitCode, stdout]).toEqual([0, 'no click is known under this user key\n']);
    expect((await get('u-3', '--json')).stdout).toBe('{"clicks":[]}\n');
  });

  test('finds no click where there is no store yet', async () => {
    const folder = await folderWith({ 'connector.yaml': minimal });
    const { exitCode, stdout } = await runCommand(['clicks', 'get', 'u-1'], { folder });
    expect([exitCode, stdout]).toEqual([0, 'no click is known under this user key\n']);
  });
});
