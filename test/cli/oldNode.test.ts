import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { delimiter, join } from 'node:path';
import { expect, test } from 'vitest';
import { folderWith } from './commandLine.ts';

/** A Node.js of this machine that is too old for the connector, and its version. */
function findOldNode(): { program: string; version: string } | undefined {
  const folders = process.env['PATH']?.split(delimiter) ?? [];
  for (const program of folders.map((folder) => join(folder, 'node')).filter(existsSync)) {
    const version = spawnSync(program, ['--version'], { encoding: 'utf8' }).stdout.trim().slice(1);
    if (Number(version.split('.')[0]) < 24) return { program, version };
  }
  return undefined;
}

test('an older Node.js is told which one is needed', { timeout: 60_000 }, async (context) => {
  const old = findOldNode() ?? context.skip('every node in PATH is new enough');
  // What is published is the file without its types.
  const main = stripTypeScriptTypes(await readFile('src/main.ts', 'utf8'));
  const folder = await folderWith({ 'main.mjs': main });
  const { status, stdout, stderr } = spawnSync(old.program, [join(folder, 'main.mjs')], {
    encoding: 'utf8',
  });
  expect(stderr).toMatch(/^powerspace-connector needs Node\.js 24 or newer, and this is /);
  expect(stderr).toContain(`this is ${old.version} (`);
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
});
