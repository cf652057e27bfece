import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, isAbsolute, join } from 'node:path';
import type { StartOptions } from '../service.ts';
import { isAlive, withLock } from './lock.ts';

const listName = 'files.json';

/**
 * The folder of a download or a build in the cache (`$XDG_CACHE_HOME`, else `~/.cache`), filled first
 * where it isn't there or is no longer whole. It appears whole or not at all: `fill` works in a folder
 * beside it, which is renamed; of processes that want the same, one fills and the others wait.
 *
 * @param name part and version: `kafka-4.3.1`
 */
export async function cached(
  name: string,
  fill: (folder: string) => Promise<void>,
  options: StartOptions,
): Promise<string> {
  const folder = join(cacheRoot(process.env), name);
  if (await isWhole(folder)) return folder;
  await mkdir(dirname(folder), { recursive: true });
  await withLock(`${folder}.lock`, options, async () => {
    if (!(await isWhole(folder))) await fillBeside(folder, fill);
  });
  return folder;
}

/** @see https://specifications.freedesktop.org/basedir-spec/latest/ a relative path is to be ignored */
function cacheRoot(environment: NodeJS.ProcessEnv): string {
  const given = environment['XDG_CACHE_HOME'];
  const root = given && isAbsolute(given) ? given : join(homedir(), '.cache');
  return join(root, 'powerspace-connector', 'dev');
}

async function fillBeside(folder: string, fill: (folder: string) => Promise<void>): Promise<void> {
  await removeAbandoned(folder);
  const partial = await mkdtemp(`${partialPrefix(folder)}${process.pid}-`);
  try {
    await fill(partial);
    const sizes = await fileSizes(partial);
    await writeFile(join(partial, listName), JSON.stringify(sizes));
    await rm(folder, { recursive: true, force: true });
    await publish(partial, folder);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/** Whoever renames first wins: a lock that was taken for abandoned may still have an owner. */
async function publish(partial: string, folder: string): Promise<void> {
  try {
    await rename(partial, folder);
  } catch (error) {
    if (!(await isWhole(folder))) throw error;
  }
}

/** Whether every file is there with the size that it had when the folder was filled. */
async function isWhole(folder: string): Promise<boolean> {
  try {
    const list: unknown = JSON.parse(await readFile(join(folder, listName), 'utf8'));
    if (typeof list !== 'object' || list === null) return false;
    const files = await Promise.all(
      Object.entries(list).map(
        async ([path, size]) => (await stat(join(folder, path))).size === size,
      ),
    );
    return files.length > 0 && !files.includes(false);
  } catch {
    // No folder, no list or a file gone: to be filled again.
    return false;
  }
}

async function fileSizes(folder: string): Promise<Record<string, number>> {
  const sizes: Record<string, number> = {};
  for (const path of await readdir(folder, { recursive: true })) {
    const found = await stat(join(folder, path));
    if (found.isFile()) sizes[path] = found.size;
  }
  return sizes;
}

const partialPrefix = (folder: string) => `${folder}.partial-`;

/** Removes what killed processes left half filled. */
async function removeAbandoned(folder: string): Promise<void> {
  const prefix = basename(partialPrefix(folder));
  for (const name of await readdir(dirname(folder))) {
    const owner = name.startsWith(prefix)
      ? Number.parseInt(name.slice(prefix.length), 10)
      : Number.NaN;
    if (Number.isNaN(owner) || isAlive(owner)) continue;
    await rm(join(dirname(folder), name), { recursive: true, force: true });
  }
}
