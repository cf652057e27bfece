import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, posix, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';

/** What packing reads. */
const sources = [
  ...['package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json'],
  ...['src', 'dev', 'docs', 'schemas', 'README.md', 'CHANGELOG.md', 'LICENSE'],
  'connector.example.yaml',
];
const manifestSchema = z.object({
  dependencies: z.record(z.string(), z.string()),
  optionalDependencies: z.record(z.string(), z.string()),
});
const lockSchema = z.object({
  packages: z.record(z.string(), z.object({ version: z.string(), dev: z.boolean().optional() })),
});
const packedSchema = z.tuple([
  z.object({ filename: z.string(), files: z.array(z.object({ path: z.string() })) }),
]);
const sbomSchema = z.object({
  metadata: z.object({ component: z.object({ name: z.string(), purl: z.string() }) }),
  components: z.array(
    z.object({ name: z.string(), version: z.string(), licenses: z.array(z.unknown()).min(1) }),
  ),
});

/** A copy, so that packing, which builds anew, takes away nothing that other tests use. */
let folder = '';
let tarball = '';
let paths: readonly string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'connector-package-'));
  for (const name of sources) await cp(name, join(folder, name), { recursive: true });
  await symlink(resolve('node_modules'), join(folder, 'node_modules'));
  await cp('vitest.config.ts', join(folder, 'dist', 'src', 'stale.js'));
  const { exitCode, stdout, stderr } = await run('npm', ['pack', '--json'], folder);
  expect(exitCode, stderr).toBe(0);
  // What the scripts say comes before it.
  const json: unknown = JSON.parse(stdout.slice(stdout.search(/^\[$/m)));
  const [{ filename, files }] = packedSchema.parse(json);
  tarball = join(folder, filename);
  paths = files.map(({ path }) => path);
}, 120_000);

afterAll(() => rm(folder, { recursive: true }));

test('what is packed is what a user needs, built from what is there', async () => {
  const documents = /^(README|CHANGELOG)\.md$|^LICENSE$|^docs\/[\w-]+\.md$/;
  const data = /^package\.json$|^connector\.example\.yaml$|^schemas\/\w+(\.schema\.json|\.avsc)$/;
  const programs = paths.filter((path) => /^dist\/(src|dev)\/[\w/]+\.js$/.test(path));
  const others = paths.filter((path) => !programs.includes(path));
  expect(others.filter((path) => !documents.test(path) && !data.test(path))).toEqual([]);
  expect(paths).toEqual(expect.arrayContaining(['LICENSE', 'CHANGELOG.md', 'dist/src/main.js']));

  const imports = new Set<string>();
  const empty = new Set<string>();
  for (const path of programs) {
    const text = await readFile(join(folder, path), 'utf8');
    if (codeOf(text) === 'export {};') empty.add(path);
    for (const name of importedBy(text)) {
      imports.add(name.startsWith('.') ? posix.join(posix.dirname(path), name) : packageOf(name));
    }
  }
  // Of a file that holds types alone nothing is left to import.
  const unused = programs.filter((path) => !imports.has(path) && !empty.has(path));
  expect(unused).toEqual(['dist/src/main.js']);

  const { dependencies, optionalDependencies } = await readManifest();
  const installed = Object.keys({ ...dependencies, ...optionalDependencies });
  const foreign = [...imports].filter((name) => !/^(dist\/|node:)/.test(name));
  // The demo's containers, which are for who has a checkout: without them it starts processes.
  const containers = ['@testcontainers/kafka', 'testcontainers'];
  expect(foreign.filter((name) => !installed.includes(name)).toSorted()).toEqual(containers);
});

test('it installs without a registry, and runs', { timeout: 180_000 }, async (context) => {
  const home = join(folder, 'installed');
  await mkdir(home);
  const options = ['--offline', '--no-audit', '--no-fund', '--prefix', home];
  const installed = await run('npm', ['install', ...options, tarball], home);
  const uncached = /ENOTCACHED.*/.exec(installed.stderr)?.[0];
  if (uncached) context.skip(`npm's cache lacks a dependency: ${uncached}`);
  expect(installed.exitCode, installed.stderr).toBe(0);

  const program = join(home, 'node_modules', '.bin', 'powerspace-connector');
  const help = await run(program, ['--help'], home);
  expect(help.stdout).toMatch(/^Usage: powerspace-connector /);
  expect(help).toMatchObject({ exitCode: 0, stderr: '' });

  const own = join(home, 'node_modules', 'powerspace-connector');
  const example = ['--config', join(own, 'connector.example.yaml')];
  const checked = await run(
    program,
    ['check', '--offline', join(own, 'schemas'), ...example],
    home,
  );
  expect(checked.stdout).toMatch(/^ok +schemas .*: 3 schema files, \d+ mapped fields looked up$/m);
  expect(checked.stdout).toMatch(/connector\.example\.yaml is ready to run$/m);
  expect(checked).toMatchObject({ exitCode: 0, stderr: '' });
});

test('its bill of materials names each production dependency, with its licence, and no other', async () => {
  const made = await run('npm', ['run', 'sbom'], folder);
  expect(made.exitCode, made.stderr).toBe(0);
  const text = await readFile(join(folder, 'dist', 'sbom.cdx.json'), 'utf8');
  const { metadata, components } = sbomSchema.parse(JSON.parse(text));
  expect(metadata.component).toMatchObject({
    name: 'powerspace-connector',
    purl: expect.stringMatching(/^pkg:npm\/powerspace-connector@\d/),
  });
  const { dependencies, optionalDependencies } = await readManifest();
  const named = components.map(({ name, version }) => `${name}@${version}`);
  const wanted = Object.entries({ ...dependencies, ...optionalDependencies });
  expect(named).toEqual(
    expect.arrayContaining(wanted.map(([name, version]) => `${name}@${version}`)),
  );
  const production = Object.entries(await readLocked()).filter(([path, { dev }]) => path && !dev);
  const locked = production.map(([path, { version }]) => `${nameAt(path)}@${version}`);
  expect(new Set(named)).toEqual(new Set(locked));
}, 60_000);

/** Runs a program to its end, with the Node.js that runs this. */
function run(program: string, programArguments: readonly string[], cwd: string) {
  const PATH = `${dirname(process.execPath)}${delimiter}${process.env['PATH']}`;
  const options = { cwd, env: { ...process.env, PATH }, maxBuffer: 16 * 1024 * 1024 };
  return new Promise<{ exitCode: unknown; stdout: string; stderr: string }>((resolve) => {
    execFile(program, programArguments, options, (error, stdout, stderr) => {
      resolve({ exitCode: error ? error.code : 0, stdout, stderr });
    });
  });
}

async function readManifest() {
  return manifestSchema.parse(JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')));
}

async function readLocked() {
  const text = await readFile(join(folder, 'package-lock.json'), 'utf8');
  return lockSchema.parse(JSON.parse(text)).packages;
}

/** The name of what lies at a place in node_modules. */
function nameAt(path: string): string {
  return path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
}

function importedBy(text: string): readonly string[] {
  const found = text.matchAll(/(?:\bfrom |\bimport |\bimport\(|\(import\.meta\.url\)\()'([^']+)'/g);
  return [...found].map(([, name = '']) => name);
}

/** Without comments. */
function codeOf(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|^\/\/.*$/gm, '').trim();
}

/** The package of `@scope/name/file` or `name/file`. */
function packageOf(name: string): string {
  return name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/');
}
