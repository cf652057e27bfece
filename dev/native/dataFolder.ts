import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A new folder for a part's data; it doesn't stay when `prepare`, which gets it ready, fails. */
export async function newDataFolder(
  part: string,
  prepare: (folder: string) => Promise<void> = async () => {},
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `powerspace-${part}-`));
  try {
    await prepare(folder);
    return folder;
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}
