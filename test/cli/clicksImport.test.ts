import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { minimal } from '../config/files.ts';
import { folderWith, runCommand } from './commandLine.ts';

const at = Date.parse('2026-11-24T10:30:00Z');

async function importing(files: Readonly<Record<string, string>>) {
  const folder = await folderWith({ 'connector.yaml': minimal, ...files });
  return {
    folder,
    run: (...options: readonly string[]) =>
      runCommand(['clicks', 'import', ...options], { folder }),
    async stored(...userKeys: readonly string[]) {
      const store = openSqliteStore(join(folder, 'connector.db'));
      const found = await store.clicks.find(userKeys);
      await store.close();
      return Object.fromEntries(
        [...found].map(([key, clicks]) => [key, clicks.map((each) => [each.clickId, each.at])]),
      );
    },
  };
}

describe('clicks import', { timeout: 60_000 }, () => {
  test('stores the clicks of a CSV file; once more changes nothing', async () => {
    const { run, stored } = await importing({
      'clicks.csv': `\u{feff}at,userId,clickId\r\n2026-11-24T10:30:00Z,u-1,a\r\n${at},"u ""2""",b\r\n2026-11-24 10:30:00,u-1,c\r\n`,
    });
    const expected = {
      'u-1': [
        ['a', at],
        ['c', at],
      ],
      'u "2"': [['b', at]],
    };
    for (const _ of ['first', 'again']) {
      expect(await run('clicks.csv')).toEqual({
        ...{ exitCode: 0, stderr: '' },
        stdout: 'stored the clicks of 3 lines, left out 0\n',
      });
      expect(await stored('u-1', 'u "2"')).toEqual(expected);
    }
  });

  test('stores the clicks of NDJSON, each under all its user keys', async () => {
    const { run, stored } = await importing({
      'clicks.ndjson': `{"user": 1001, "visitor": "v-1", "click": "a", "when": "2026-11-24T11:30:00+01:00", "page": "/"}\n\n{"visitor": "v-2", "user": null, "click": "b", "when": ${at}}`,
    });
    const columns = ['--user', 'user,visitor', '--click', 'click', '--at', 'when'];
    const { exitCode, stdout, stderr } = await run('clicks.ndjson', ...columns, '--json');
    expect([JSON.parse(stdout), stderr, exitCode]).toEqual([{ stored: 2, leftOut: 0 }, '', 0]);
    expect(await stored('1001', 'v-1', 'v-2')).toEqual({
      '1001': [['a', at]],
      'v-1': [['a', at]],
      'v-2': [['b', at]],
    });
  });

  test('takes the NULL of an export for nothing', async () => {
    const { run, stored } = await importing({
      'clicks.csv': `userId,visitorId,clickId,at\nNULL,v-1,a,${at}\nundefined,null,b,${at}\n`,
    });
    const { stdout, stderr } = await run('clicks.csv', '--user', 'userId,visitorId');
    expect(stderr).toBe('clicks.csv:3: userId, visitorId: required, but missing\n');
    expect(stdout).toBe('stored the clicks of 1 lines, left out 1\n');
    expect(await stored('NULL', 'v-1')).toEqual({ 'v-1': [['a', at]] });
  });

  test('lists bad lines with their numbers, leaves them out, and ends with 1', async () => {
    const lines = [
      'userId;clickId;at',
      `u-1;a;${at}`,
      'u-2;{clickId};2026-11-24',
      '',
      `;b;${at}`,
      `u-3;;${at}`,
      'u-4;c;yesterday',
      'u-5;d',
      `"u-6" x;e;${at}`,
      `"u;7";f;${at}`,
      `"u-7;f;${at}`,
      `u-8;g g;${at}`,
      `u-9;h;${at}`,
    ];
    const { run, stored } = await importing({ 'clicks.csv': lines.join('\n') });
    const { exitCode, stdout, stderr } = await run('clicks.csv', '--delimiter', ';');
    expect(stderr.trimEnd().split('\n')).toEqual([
      'clicks.csv:3: clickId: it is a macro that was never substituted',
      'clicks.csv:5: userId: required, but missing',
      'clicks.csv:6: clickId: required, but missing',
      expect.stringMatching(/^clicks\.csv:7: at: expected milliseconds since 1970, or an ISO/),
      'clicks.csv:8: at: required, but missing',
      'clicks.csv:9: its quotes are not those of CSV',
      'clicks.csv:11: its quotes are not those of CSV',
      'clicks.csv:12: clickId: it has characters other than visible ASCII',
    ]);
    expect([exitCode, stdout]).toEqual([1, 'stored the clicks of 3 lines, left out 8\n']);
    expect(await stored('u-1', 'u-6', 'u;7', 'u-9')).toEqual({
      'u-1': [['a', at]],
      'u;7': [['f', at]],
      'u-9': [['h', at]],
    });
  });

  test('lists bad lines of NDJSON, and shows nothing of them', async () => {
    const line = JSON.stringify({ userId: 'u-1', clickId: 'a', at });
    const text = ['{"userId": "secret-user', '["secret-user"]', line, '7', ''].join('\n');
    const { run } = await importing({ 'clicks.jsonl': text });
    const { exitCode, stdout, stderr } = await run('clicks.jsonl');
    expect(stderr.split('\n').map((told) => told.split(':')[1])).toEqual([
      '1',
      '2',
      '4',
      undefined,
    ]);
    expect(stderr).not.toContain('secret-user');
    expect([exitCode, stdout]).toEqual([1, 'stored the clicks of 1 lines, left out 3\n']);
  });

  test('goes on behind the lines of --skip', async () => {
    const { run, stored } = await importing({
      'clicks.csv': `userId,clickId,at\nu-1,a,${at}\nu-2,b,${at}\nu-3,c,${at}\n`,
    });
    expect((await run('clicks.csv', '--skip', '3')).stdout).toContain('of 1 lines');
    expect(await stored('u-1', 'u-2', 'u-3')).toEqual({ 'u-3': [['c', at]] });
  });

  test('says that a store which a connector has open is not free', async () => {
    const { run, folder } = await importing({ 'clicks.csv': 'userId,clickId,at\n' });
    const store = openSqliteStore(join(folder, 'connector.db'));
    onTestFinished(() => store.close());
    const { exitCode, stderr } = await run('clicks.csv');
    expect(stderr).toMatch(/another connector has it open.*end that one first.*POST \/clicks/);
    expect(exitCode).toBe(1);
  });

  test.each([
    [['clicks.txt'], '--format csv or --format ndjson is needed'],
    [['clicks.csv', '--format', 'xml'], '--format is csv or ndjson, not "xml"'],
    [['clicks.csv', '--skip', 'x'], '--skip "x" is not a number of lines'],
    [['clicks.csv', '--delimiter', '||'], '--delimiter is one character'],
  ])('refuses %j as wrong usage', async (options, message) => {
    const { run } = await importing({ 'clicks.csv': 'userId,clickId,at\n', 'clicks.txt': '' });
    const { exitCode, stderr } = await run(...options);
    expect(stderr).toContain(`error: ${message}`);
    expect(exitCode).toBe(2);
  });

  test.each([
    ['without a line of names', `secret-user,a,${at}\n`, 'its first line does not name userId'],
    ['that is empty', '', 'it has no line with the names of its columns'],
  ])('fails for a CSV file %s, and shows nothing of it', async (_, content, message) => {
    const { run } = await importing({ 'clicks.csv': content });
    const { exitCode, stderr } = await run('clicks.csv');
    expect(stderr).toContain(`clicks.csv: ${message}`);
    expect(stderr).not.toContain('secret-user');
    expect(exitCode).toBe(1);
  });

  test('fails for a file that is not there, and names it', async () => {
    const { run } = await importing({});
    const { exitCode, stderr } = await run('clicks.csv');
    expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/no such file.*clicks\.csv/)]);
  });

  test('reads a quote that is never closed as one bad line, not as the rest of a large file', async () => {
    const rows = Array.from({ length: 20_000 }, (_, index) => `u-${index},c-${index},${at}`);
    const { run } = await importing({
      'clicks.csv': `userId,clickId,at\n"u,a,${at}\n${rows.join('\n')}\n`,
    });
    const { exitCode, stdout, stderr } = await run('clicks.csv', '--json');
    expect(stderr).toBe('clicks.csv:2: its quotes are not those of CSV\n');
    expect(JSON.parse(stdout)).toEqual({ stored: 20_000, leftOut: 1 });
    expect(exitCode).toBe(1);
  });
});
