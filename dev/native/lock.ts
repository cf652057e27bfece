import { randomUUID } from 'node:crypto';
import { link, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { StartOptions } from '../service.ts';

const refreshInterval = 5_000;
/** Milliseconds without a refresh after which a lock is taken for abandoned. */
const abandonedAfter = 30_000;
const lookAgainAfter = 200;

/**
 * Does the work while no other process that uses the same lock file does its own. The lock of a process
 * that was killed is taken over. It keeps processes from doing the same work twice; it can't exclude it,
 * so the work has to stand that.
 */
export async function withLock<Result>(
  path: string,
  { report, signal }: StartOptions,
  work: () => Promise<Result>,
): Promise<Result> {
  let lastOwner: number | undefined;
  while (!(await take(path))) {
    const owner = await ownerOf(path);
    if (owner === undefined) continue;
    if (!(await isHeld(path, owner))) {
      await rm(path, { force: true });
      continue;
    }
    if (owner !== lastOwner) report(`waiting for process ${owner}, which is fetching the same`);
    lastOwner = owner;
    await delay(lookAgainAfter, undefined, { signal });
  }
  const refresh = setInterval(() => {
    const now = new Date();
    // Gone when it was taken over: the other process refreshes its own then.
    utimes(path, now, now).catch(() => {});
  }, refreshInterval);
  try {
    return await work();
  } finally {
    clearInterval(refresh);
    if ((await ownerOf(path)) === process.pid) await rm(path, { force: true });
  }
}

/** Whether a process of this machine has this id. */
export function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return isSystemError(error) && error.code === 'EPERM';
  }
}

/** By a link, so that the lock file appears with its owner in it. */
async function take(path: string): Promise<boolean> {
  const own = `${path}.${randomUUID()}`;
  await writeFile(own, String(process.pid));
  try {
    await link(own, path);
    return true;
  } catch (error) {
    if (isSystemError(error) && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(own, { force: true });
  }
}

/** The process that holds the lock; undefined when nobody does. */
async function ownerOf(path: string): Promise<number | undefined> {
  try {
    return Number.parseInt(await readFile(path, 'utf8'), 10);
  } catch (error) {
    if (isSystemError(error) && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

async function isHeld(path: string, owner: number): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return false;
  return isAlive(owner) && Date.now() - found.mtimeMs < abandonedAfter;
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error;
}
