import { readdir, readFile, readlink } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { until } from '../integration/until.ts';
import { folderWith, startCommand, unusedAddress } from './commandLine.ts';

/** The addresses at which a process listens, as Linux writes them: `0100007F:24F8` is 127.0.0.1:9464. */
async function listenersOf(processId: number): Promise<readonly string[]> {
  const folder = `/proc/${processId}`;
  const files = await readdir(`${folder}/fd`);
  const targets = await Promise.all(
    files.map((file) => readlink(`${folder}/fd/${file}`).catch(() => '')),
  );
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map((table) => readFile(`${folder}/net/${table}`, 'utf8')),
  );
  const listening = '0A';
  return tables
    .flatMap((table) => table.trim().split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter((cells) => cells[3] === listening && targets.includes(`socket:[${cells[9]}]`))
    .map((cells) => cells[1] ?? '');
}

test('a run listens at its admin address and nowhere else, also when it is told to open an inspector', async (context) => {
  if (process.platform !== 'linux') context.skip('listeners are read from /proc');
  const folder = await folderWith({
    'connector.yaml': `kafka: {brokers: "${await unusedAddress()}"}
registry: {url: "http://${await unusedAddress()}"}
admin: {listen: "127.0.0.1:0"}
mappings: [{topic: t, event: E, record: lead, user: u}]
`,
  });
  const running = startCommand(['run'], { folder });
  const { stderr } = await until(
    () => ({ ...running.written }),
    ({ stderr: log }) => log.includes('"msg":"connecting"'),
  );
  const adminUrl = /"admin":"([^"]+)"/.exec(stderr)?.[1] ?? '';
  const port = Number(new URL(adminUrl).port).toString(16).toUpperCase().padStart(4, '0');
  running.signal('SIGUSR1');
  // A line of the log that was written after the signal came.
  await until(
    () => running.written.stderr,
    (log) => log.length > stderr.length && log.includes('trying again'),
  );
  expect((await fetch(new URL('/health/live', adminUrl))).status).toBe(200);
  expect(await listenersOf(Number(running.processId))).toEqual([`0100007F:${port}`]);
  expect(running.written.stderr).not.toContain('Debugger');
});
