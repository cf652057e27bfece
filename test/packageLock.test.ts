import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../${name}`, import.meta.url), 'utf8'));

const versions = z.record(z.string(), z.string()).default({});
const manifest = z
  .object({
    dependencies: versions,
    optionalDependencies: versions,
    devDependencies: versions,
    allowScripts: z.record(z.string(), z.boolean()),
  })
  .parse(read('package.json'));
const { packages } = z
  .object({
    packages: z.record(
      z.string(),
      z.object({
        integrity: z.string().optional(),
        hasInstallScript: z.boolean().optional(),
        dev: z.boolean().optional(),
        devOptional: z.boolean().optional(),
      }),
    ),
  })
  .parse(read('package-lock.json'));
const locked = Object.entries(packages).filter(([path]) => path !== '');

test('each dependency is wanted in one exact version', () => {
  const { dependencies, optionalDependencies, devDependencies } = manifest;
  const wanted = Object.entries({ ...dependencies, ...optionalDependencies, ...devDependencies });
  expect(wanted.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
});

test('each package that runs in production is locked to one content', () => {
  const unlocked = locked.filter(
    ([, { integrity = '', dev }]) => !dev && !integrity.startsWith('sha512-'),
  );
  expect(unlocked.map(([path]) => path)).toEqual([]);
});

const scripted = locked
  .filter(([, { hasInstallScript }]) => hasInstallScript)
  .map(([path, { dev, devOptional }]) => ({
    name: path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
    isForProduction: !dev && !devOptional,
  }));

test('no package that runs in production has a script run at its installation', () => {
  const names = scripted.filter(({ isForProduction }) => isForProduction).map(({ name }) => name);
  expect(names.filter((name) => manifest.allowScripts[name] !== false)).toEqual([]);
});

test('the scripts of other packages are allowed by name, or refused', () => {
  const names = scripted.map(({ name }) => name);
  expect(names.filter((name) => manifest.allowScripts[name] === undefined)).toEqual([]);
});
