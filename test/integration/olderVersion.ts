import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { TestContext } from 'vitest';
import { z } from 'zod';

const run = promisify(execFile);

/**
 * What is upgraded from while nothing is released: the first commit whose replicas share a store in Postgres, and tell
 * each other apart by leases.
 */
const firstShared = 'c899d3b181e87eb7b16ae772697a6447ec75f0ea';

/** A version of this project as it was. */
export interface OlderVersion {
  readonly ref: string;
  /** Its `src/main.ts`, which runs as it is. */
  readonly program: string;
}

/**
 * The version that `UPGRADE_FROM` names (a git ref), else the last tag before this commit, else `firstShared`, in a
 * folder that goes with the test. Skips the test, and says why, where a clone is too shallow to have it.
 */
export async function olderVersion(context: TestContext): Promise<OlderVersion> {
  const ref = await findRef(context);
  const folder = await mkdtemp(join(tmpdir(), 'connector-older-'));
  context.onTestFinished(() => rm(folder, { recursive: true }));
  const archive = join(folder, 'archive.tar');
  await run('git', ['archive', '--output', archive, ref]);
  await run('tar', ['-xf', archive, '-C', folder]);
  await installDependencies(folder);
  return { ref, program: join(folder, 'src/main.ts') };
}

async function findRef(context: TestContext): Promise<string> {
  const named = process.env['UPGRADE_FROM'];
  const ref = named ?? (await lastTag()) ?? firstShared;
  const isThere = await run('git', ['cat-file', '-e', `${ref}^{commit}`]).then(
    () => true,
    () => false,
  );
  if (!isThere && named) throw new Error(`UPGRADE_FROM is no commit of this clone: ${named}`);
  return isThere ? ref : context.skip(`this clone lacks the version to upgrade from, ${ref}`);
}

/** Of the commits before this one, so that a release is held against the one before it. */
async function lastTag(): Promise<string | undefined> {
  const describing = run('git', ['describe', '--tags', '--abbrev=0', 'HEAD^']);
  const described = await describing.catch(() => undefined);
  return described?.stdout.trim();
}

const lockSchema = z.object({
  packages: z.record(
    z.string(),
    z.object({ version: z.string().optional(), dev: z.boolean().optional() }),
  ),
});

/** Those that are installed here, where they are the same; else its own, as its lock file says. */
async function installDependencies(folder: string): Promise<void> {
  const [own, older] = await Promise.all([readLock('.'), readLock(folder)]);
  const needed = Object.entries(older).filter(([path, { dev }]) => path !== '' && !dev);
  const areHere = needed.every(([path, { version }]) => own[path]?.version === version);
  if (areHere) return symlink(resolve('node_modules'), join(folder, 'node_modules'));
  const options = ['--omit=dev', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'];
  await run('npm', ['ci', ...options], { cwd: folder });
}

async function readLock(folder: string) {
  const text = await readFile(join(folder, 'package-lock.json'), 'utf8');
  return lockSchema.parse(JSON.parse(text)).packages;
}
