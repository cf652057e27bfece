import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Debian's libfaketime, for each architecture that it has a folder for. */
const libraries = ['x86_64-linux-gnu', 'aarch64-linux-gnu'].map(
  (folder) => `/usr/lib/${folder}/faketime/libfaketimeMT.so.1`,
);

/** The wall clock that one process sees, while timers and deadlines go on as they were. */
export interface WallClock {
  /** With this a process sees it. */
  readonly environment: Readonly<Record<string, string>>;
  /** Sets it so many seconds ahead of (below 0: behind) the machine's; it takes a second to be seen. */
  shift(seconds: number): Promise<void>;
  /** Removes what libfaketime leaves behind of processes that were killed. */
  forget(processIds: readonly number[]): Promise<void>;
}

/** A clock that is set through a file in `folder`; undefined where libfaketime is not installed. */
export async function openWallClock(folder: string): Promise<WallClock | undefined> {
  const library = libraries.find(existsSync);
  if (!library) return undefined;
  const file = join(folder, 'wall-clock');
  const shift = (seconds: number) => writeFile(file, `${seconds < 0 ? '' : '+'}${seconds}\n`);
  await shift(0);
  const environment = {
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_CACHE_DURATION: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    NO_FAKE_STAT: '1',
  };
  return { environment, shift, forget };
}

async function forget(processIds: readonly number[]): Promise<void> {
  const files = processIds.flatMap((id) => [`faketime_shm_${id}`, `sem.faketime_sem_${id}`]);
  await Promise.all(files.map((name) => rm(join('/dev/shm', name), { force: true })));
}
