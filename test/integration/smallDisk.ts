import { execFile } from 'node:child_process';
import { open } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { TestContext } from 'vitest';
import { toError } from '../../src/errors.ts';

/**
 * What a command is run through so that it, and nobody else, has a disk of 16 MiB at `folder`. Where the system
 * allows no such disk the test is skipped, and says why.
 */
export async function smallDisk(context: TestContext, folder: string): Promise<readonly string[]> {
  const mount = 'mount -t tmpfs -o size=16m tmpfs "$0" && exec "$@"';
  const through = ['unshare', '--user', '--map-root-user', '--mount', 'sh', '-c', mount, folder];
  try {
    await promisify(execFile)(through[0] as string, [...through.slice(1), 'true']);
  } catch (thrown) {
    context.skip(`no disk of its own can be mounted: ${toError(thrown).message}`);
  }
  return through;
}

/** Writes a file until its disk is full; resolves with the size that it has then. */
export async function fill(file: string): Promise<number> {
  await using filler = await open(file, 'w');
  // First in large pieces, then down to the last byte.
  for (const size of [65_536, 4_096, 1]) await fillWith(filler, Buffer.alloc(size));
  return (await filler.stat()).size;
}

async function fillWith(filler: Awaited<ReturnType<typeof open>>, piece: Buffer): Promise<void> {
  for (;;) {
    try {
      const { bytesWritten } = await filler.write(piece);
      if (bytesWritten < piece.length) return;
    } catch (thrown) {
      if ((toError(thrown) as NodeJS.ErrnoException).code === 'ENOSPC') return;
      throw thrown;
    }
  }
}
