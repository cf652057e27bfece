import { describe, expect, test } from 'vitest';
import { until } from '../integration/until.ts';
import { folderWith, type RunningCommand, runCommand, startCommand } from './commandLine.ts';

const faults = JSON.stringify([
  { kind: 'order', times: 1, action: { type: 'answer', status: 503, retryAfter: 2 } },
  { clickId: '^gone', action: { type: 'close' } },
]);

describe('sandbox', { timeout: 60_000 }, () => {
  test('answers as Powerspace does and as the faults say, a line for each, until Ctrl-C', async () => {
    const folder = await folderWith({ 'faults.json': faults });
    const command = ['sandbox', '--listen', '127.0.0.1:0', '--faults', 'faults.json'];
    const running = startCommand(command, { folder });
    const url = await addressOf(running);

    const failed = await fetch(`${url}/ord?qci=abc&ov=49.99`);
    expect([failed.status, failed.headers.get('retry-after')]).toEqual([503, '2']);
    expect((await fetch(`${url}/ord?qci=abc&ov=49.99`)).status).toBe(200);
    expect((await fetch(`${url}/ld?qci=abc`)).status).toBe(200);
    expect((await fetch(`${url}/ld?qci=expired-1`)).status).toBe(404);
    await expect(fetch(`${url}/ld?qci=gone-1`)).rejects.toThrow();
    running.signal('SIGINT');

    const { exitCode, stdout, stderr } = await running.ended;
    const lines = stdout.trimEnd().split('\n');
    expect(lines.slice(0, -1).map((line) => line.replace(/^\S+Z /, ''))).toEqual([
      '503 order abc 49.99',
      '200 order abc 49.99',
      '200 lead abc',
      '404 lead expired-1',
      'no answer lead gone-1',
    ]);
    expect(lines.at(-1)).toBe(
      'recorded 1 leads, 1 orders worth 49.99; answers: 2 × 200, 1 × 404, 1 × 503, 1 × none',
    );
    expect(stderr).toBe(`A Powerspace for dry runs at ${url}; Ctrl-C ends it.\n`);
    expect(exitCode).toBe(0);
  });

  test('writes nothing but JSON lines to stdout with --json', async () => {
    const running = startCommand(['sandbox', '--listen', '127.0.0.1:0', '--json']);
    await fetch(`${await addressOf(running)}/ord?qci=abc&ov=12.50`);
    running.signal('SIGTERM');
    const { exitCode, stdout } = await running.ended;
    const [entry, summary, ...others] = stdout.split('\n').map((line) => line && JSON.parse(line));
    expect(entry).toMatchObject({ kind: 'order', clickId: 'abc', value: '12.50', status: 200 });
    expect(summary).toMatchObject({ leads: 0, orders: 1, value: '12.5', byStatus: { 200: 1 } });
    expect({ exitCode, others }).toEqual({ exitCode: 0, others: [''] });
  });

  test.each([
    ['[{', 'faults.json: error: no list of faults in JSON: '],
    ['{"action": {"type": "close"}}', 'expected array'],
    ['[{"action": {"type": "clse"}}]', 'at [0].action.type'],
    ['[{"rate": 2, "action": {"type": "close"}}]', 'at [0].rate'],
  ])('does not start with %s for faults', async (text, message) => {
    const folder = await folderWith({ 'faults.json': text });
    const command = ['sandbox', '--listen', '127.0.0.1:0', '--faults', 'faults.json'];
    const { exitCode, stdout, stderr } = await runCommand(command, { folder });
    expect(stderr).toContain(message);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
  });

  test('says where it can not listen', async () => {
    const first = startCommand(['sandbox', '--listen', '127.0.0.1:0']);
    const { host } = new URL(await addressOf(first));
    const { exitCode, stderr } = await runCommand(['sandbox', '--listen', host]);
    expect(stderr).toContain(`error: the sandbox can't listen on ${host} (--listen): `);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(exitCode).toBe(1);
  });
});

async function addressOf(running: RunningCommand): Promise<string> {
  const message = await until(
    () => running.written.stderr,
    (text) => text.includes('\n'),
  );
  return /http:\/\/[^;]+/.exec(message)?.[0] ?? '';
}
