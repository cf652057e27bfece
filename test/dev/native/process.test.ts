import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isAlive } from '../../../dev/native/lock.ts';
import { runToEnd, startProcess } from '../../../dev/native/process.ts';
import { untilReady } from '../../../dev/native/ready.ts';

let dataFolder: string;

beforeEach(async () => {
  dataFolder = await mkdtemp(join(tmpdir(), 'process-test-'));
});

afterEach(() => rm(dataFolder, { recursive: true, force: true }));

/** A command that writes its process id into its data folder and runs until it is ended. */
const longRunning = { program: 'sh', arguments: ['-c', 'echo $$ > pid; exec sleep 600'] };

async function writtenProcessId(): Promise<number> {
  const read = () => readFile(join(dataFolder, 'pid'), 'utf8').catch(() => '');
  await expect.poll(read).toMatch(/\n$/);
  return Number(await read());
}

describe('a process', () => {
  test('is gone with its data folder once it has been stopped, however often', async () => {
    const running = startProcess({ ...longRunning, dataFolder });
    const processId = await writtenProcessId();
    await Promise.all([running.stop(), running.stop()]);
    await running.stop();
    expect(isAlive(processId)).toBe(false);
    expect(existsSync(dataFolder)).toBe(false);
  });

  test('ends with its data folder when the process that started it is killed', async () => {
    const module = pathToFileURL(join(import.meta.dirname, '../../../dev/native/process.ts')).href;
    const command = JSON.stringify({ ...longRunning, dataFolder });
    const script = `import { startProcess } from '${module}'; startProcess(${command});`;
    const parent = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: 'inherit',
    });
    const processId = await writtenProcessId();
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    await expect.poll(() => isAlive(processId), { timeout: 5_000 }).toBe(false);
    await expect.poll(() => existsSync(dataFolder), { timeout: 5_000 }).toBe(false);
  });

  test('tells its exit code when it ends by itself, and leaves its data to whoever stops it', async () => {
    const running = startProcess({ program: 'sh', arguments: ['-c', 'exit 7'], dataFolder });
    expect(await running.ended).toBe(7);
    expect(existsSync(dataFolder)).toBe(true);
    await running.stop();
    expect(existsSync(dataFolder)).toBe(false);
  });

  test('that ends before it is ready is an error with the last of its output', async () => {
    const command = 'echo port 9092 is taken >&2; exit 3';
    const running = startProcess({ program: 'sh', arguments: ['-c', command], dataFolder });
    await expect(untilReady('Kafka', running, async () => false, undefined)).rejects.toThrow(
      'Kafka ended with exit code 3 while starting: port 9092 is taken',
    );
  });

  test('is ended when waiting for it is given up', async () => {
    const running = startProcess({ ...longRunning, dataFolder });
    const processId = await writtenProcessId();
    const givingUp = new AbortController();
    const waiting = untilReady('Kafka', running, async () => false, givingUp.signal);
    givingUp.abort();
    await expect(waiting).rejects.toThrow('aborted');
    expect(isAlive(processId)).toBe(false);
  });

  test('that is run to its end is ended when that is given up', async () => {
    const givingUp = new AbortController();
    const run = runToEnd({ ...longRunning, dataFolder }, givingUp.signal);
    const processId = await writtenProcessId();
    givingUp.abort();
    await expect(run).rejects.toThrow('aborted');
    expect(isAlive(processId)).toBe(false);
  });
});
