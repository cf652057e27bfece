import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { cached } from '../../../dev/native/cache.ts';

let root: string;
let cacheFolder: string;
let lines: string[];
const report = (line: string) => void lines.push(line);

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'cache-test-'));
  cacheFolder = join(root, 'powerspace-connector', 'dev');
  lines = [];
  vi.stubEnv('XDG_CACHE_HOME', root);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(root, { recursive: true });
});

const fillWith = (text: string) => (folder: string) => writeFile(join(folder, 'part.jar'), text);
const fillAgain = () => Promise.reject(new Error('filled again'));

/** The id of a process that has ended. */
function deadProcess(): number {
  return spawnSync(process.execPath, ['--version']).pid;
}

describe('a cached folder', () => {
  test('is filled once and then found', async () => {
    const folder = await cached('part-1', fillWith('first'), { report });
    expect(await cached('part-1', fillAgain, { report })).toBe(folder);
    expect(folder).toBe(join(cacheFolder, 'part-1'));
    expect(await readFile(join(folder, 'part.jar'), 'utf8')).toBe('first');
  });

  test.each([
    ['is gone', (path: string) => rm(path)],
    ['is cut short', (path: string) => writeFile(path, 'fir')],
  ])('is filled anew when a file of it %s', async (_, damage) => {
    await damage(join(await cached('part-1', fillWith('first'), { report }), 'part.jar'));
    const folder = await cached('part-1', fillWith('second'), { report });
    expect(await readFile(join(folder, 'part.jar'), 'utf8')).toBe('second');
  });

  test('does not exist when filling it failed, and nor does a lock or a half-filled folder', async () => {
    const fill = async (folder: string) => {
      await fillWith('half')(folder);
      throw new Error('connection reset');
    };
    await expect(cached('part-1', fill, { report })).rejects.toThrow('connection reset');
    expect(await readdir(cacheFolder)).toEqual([]);
  });

  test('is filled by one of two processes that want it at once, while the other waits', async () => {
    const module = pathToFileURL(join(import.meta.dirname, '../../../dev/native/cache.ts')).href;
    const script = `
      import { appendFile, writeFile } from 'node:fs/promises';
      import { setTimeout } from 'node:timers/promises';
      import { cached } from '${module}';
      const fill = async (folder) => {
        await appendFile('${join(root, 'fills')}', 'filled ');
        await writeFile(folder + '/part.jar', 'whole');
        // Long enough for the other to come to the lock; whatever the timing, one fills.
        await setTimeout(300);
      };
      console.log(await cached('part-1', fill, { report: () => {} }));`;
    const outputs = await Promise.all([runScript(script), runScript(script)]);
    expect(outputs).toEqual([`${cacheFolder}/part-1\n`, `${cacheFolder}/part-1\n`]);
    expect(await readFile(join(root, 'fills'), 'utf8')).toBe('filled ');
  });

  test('is filled by the next process when the one that was at it is dead, which leaves nothing', async () => {
    const dead = deadProcess();
    await mkdir(join(cacheFolder, `part-1.partial-${dead}-abcdef`), { recursive: true });
    await writeFile(join(cacheFolder, 'part-1.lock'), String(dead));
    await cached('part-1', fillWith('first'), { report });
    expect(await readdir(cacheFolder)).toEqual(['part-1']);
  });

  test('is waited for, with a word about it, while a living process is at it', async () => {
    await mkdir(cacheFolder, { recursive: true });
    await writeFile(join(cacheFolder, 'part-1.lock'), String(process.ppid));
    const givingUp = new AbortController();
    const waiting = cached('part-1', fillAgain, { report, signal: givingUp.signal });
    await expect
      .poll(() => lines)
      .toEqual([`waiting for process ${process.ppid}, which is fetching the same`]);
    givingUp.abort();
    await expect(waiting).rejects.toThrow('aborted');
  });
});

async function runScript(script: string): Promise<string> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script]);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
  });
  child.stderr.pipe(process.stderr);
  await once(child, 'close');
  return output;
}
