import { existsSync } from 'node:fs';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startProcess } from '../../../dev/native/process.ts';

test('a process that is crashed leaves its data, so that another can go on with it', async () => {
  const dataFolder = await mkdtemp(join(tmpdir(), 'process-test-'));
  const command = {
    ...{ program: 'sh', dataFolder },
    arguments: ['-c', 'echo $$ >> pids; exec sleep 600'],
  };
  const pids = () => readFile(join(dataFolder, 'pids'), 'utf8').catch(() => '');
  const first = startProcess(command);
  await expect.poll(pids).toMatch(/^\d+\n$/);
  first.signal('SIGKILL');
  // It ends only once everything that holds its outputs has.
  expect(await first.ended).toBe(128);
  // It has ended; there is nothing to signal to.
  first.signal('SIGKILL');

  const second = startProcess(command);
  await expect.poll(pids).toMatch(/^\d+\n\d+\n$/);
  await second.stop();
  expect(existsSync(dataFolder)).toBe(false);
});
