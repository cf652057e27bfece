/**
 * Writes dist/sbom.cdx.json: the production dependencies of package-lock.json, as CycloneDX. `npm sbom --omit dev`
 * (npm 11.19) leaves out each that a development tool uses too, zod and undici among them; so npm is shown a lock file
 * without those tools.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';

const manifestSchema = z.looseObject({ name: z.string(), devDependencies: z.unknown() });
const lockSchema = z.looseObject({
  packages: z.record(z.string(), z.looseObject({ dev: z.boolean().optional() })),
});

async function readJson(file: string): Promise<unknown> {
  return JSON.parse(await readFile(file, 'utf8'));
}

const { devDependencies: _tools, ...manifest } = manifestSchema.parse(
  await readJson('package.json'),
);
const lock = lockSchema.parse(await readJson('package-lock.json'));
const { devDependencies: _locked, ...root } = lock.packages[''] ?? {};
const needed = Object.entries(lock.packages).filter(([, { dev }]) => !dev);
const packages = { ...Object.fromEntries(needed), '': root };

const parent = await mkdtemp(join(tmpdir(), 'connector-sbom-'));
try {
  // npm calls what it describes by the name of its folder.
  const folder = join(parent, manifest.name);
  await mkdir(folder);
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
  await writeFile(join(folder, 'package-lock.json'), JSON.stringify({ ...lock, packages }));
  const form = ['--sbom-format', 'cyclonedx', '--sbom-type', 'application'];
  const { stdout } = await promisify(execFile)(
    'npm',
    ['sbom', '--package-lock-only', '--prefix', folder, ...form],
    { cwd: folder, maxBuffer: 16 * 1024 * 1024 },
  );
  await mkdir('dist', { recursive: true });
  await writeFile('dist/sbom.cdx.json', stdout);
} finally {
  await rm(parent, { recursive: true });
}
