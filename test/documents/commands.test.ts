import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runCommand } from '../cli/commandLine.ts';
import { ran } from '../integration/documentedCommands.ts';
import { commandBlocks, documents, fencedBlocks } from './blocks.ts';
import { notRun } from './notRun.ts';

const blocks = documents.flatMap(commandBlocks);
const beginnings = [...ran, ...notRun.map(([first]) => first)];

test('each command of the documents is run by a test, or listed with the reason why not', () => {
  expect(blocks.length).toBeGreaterThan(10);
  const unknown = blocks.filter(
    ({ firstLine }) => !beginnings.some((beginning) => firstLine.startsWith(beginning)),
  );
  const advice = 'add it to test/integration/documentedCommands.ts or test/documents/notRun.ts';
  expect(unknown.map(({ place, firstLine }) => `${place}: ${firstLine}: ${advice}`)).toEqual([]);
});

test('no command is listed that the documents no longer have', () => {
  const stale = beginnings.filter(
    (beginning) => !blocks.some(({ firstLine }) => firstLine.startsWith(beginning)),
  );
  expect(stale).toEqual([]);
});

test('each whole configuration of the documents fits the schemas of the shop, or those of the documents', {
  timeout: 60_000,
}, async () => {
  const whole = documents.flatMap((document) =>
    fencedBlocks(document).filter(
      ({ language, text }) =>
        language === 'yaml' && /^kafka:/m.test(text) && /^mappings:/m.test(text),
    ),
  );
  expect(whole.length).toBeGreaterThan(0);
  const folder = await mkdtemp(join(tmpdir(), 'connector-documents-'));
  try {
    await cp('schemas', join(folder, 'schemas'), { recursive: true });
    for (const [index, { text }] of documents.flatMap(fencedSchemas).entries()) {
      await writeFile(join(folder, 'schemas', `${index}.avsc`), text);
    }
    for (const { text } of whole) {
      await writeFile(join(folder, 'connector.yaml'), text);
      const check = ['check', '--offline', 'schemas'];
      const { exitCode, stdout } = await runCommand(check, { folder });
      expect(stdout).toMatch(/^connector\.yaml is ready to run/m);
      expect(exitCode).toBe(0);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});

/** The Avro schemas of a document. */
function fencedSchemas(document: string) {
  return fencedBlocks(document).filter(
    ({ language, text }) => language === 'json' && /"type": "record"/.test(text),
  );
}
