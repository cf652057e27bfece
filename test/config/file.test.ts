import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { expectProblem, problemsOf, problemsOfFile, withFile } from './files.ts';

describe('a file that cannot be read', () => {
  test('a file that is not there: how to name another', async () => {
    await withFile('', async (_, folder) => {
      expect(await problemsOfFile(join(folder, 'other.yaml'), {}, folder)).toEqual([
        'other.yaml: error: there is no such file; write one as in connector.example.yaml, or name another with --config FILE',
      ]);
    });
  });

  test('a folder', async () => {
    const [line] = await problemsOfFile(tmpdir(), {}, 'none');
    expect(line).toBe(`${tmpdir()}: error: this is a folder; name a file with --config FILE`);
  });

  test('bytes that are no text', async () => {
    expect(await problemsOf(Uint8Array.of(0x6b, 0xff, 0xfe))).toEqual([
      'connector.yaml: error: the file is not text in UTF-8; save it as such',
    ]);
  });

  test.each(['', '# only a comment\n', '---\n'])('an empty file: %j', async (content) => {
    expect(await problemsOf(content)).toEqual([
      'connector.yaml: error: is empty; write at least kafka, registry and mappings, as in connector.example.yaml',
    ]);
  });

  test('a list instead of settings', async () => {
    await expectProblem(
      '▶- kafka\n- mappings\n',
      'expected a group of settings (name: value), found a list',
    );
  });
});

const openBracket =
  'a bracket opened above is not closed, or this line is not indented enough to be inside it';
const nameAndValue =
  'a value cannot go on with another "name: value"; put it in quotes, or begin the other name on a line of its own, in the same column as its neighbours';
const otherColumn = 'must all begin in the same column';

describe('a mistake in YAML has its line and column', () => {
  test.each([
    ['a tab', 'kafka:\n▶\tbrokers: a:1', 'a tab cannot indent a line; use spaces'],
    ['a quote left open', 'kafka:\n  group: "x▶', 'a quote is opened above but not closed'],
    ['a bracket left open', 'kafka:\n  brokers: [a:1\n▶', openBracket],
    ['brackets that end too far left', 'kafka:\n  brokers: [\n▶a:1\n]\n', openBracket],
    [
      'a name alone',
      'kafka:\n  group: x\n  ▶brokers\n',
      'a name without a value; write name: value',
    ],
    ['a reserved sign', 'store: ▶@x', 'a text that begins with @, ` or % must be in quotes'],
    ['a tag', 'store: ▶!x y', 'a text that begins with ! must be in quotes'],
    [
      'an alias of nothing',
      'store: ▶*x',
      'a text that begins with *, and a text that begins with &, must be in quotes',
    ],
    ['two documents', 'store: a\n▶---\nstore: b', 'a second document begins here (---); keep one'],
    ['names', 'kafka:\n    brokers: a:1\n▶  group: x', `the settings of a group ${otherColumn}`],
    ['items', 'mappings:\n    - a\n▶  - b', `the items of a list ${otherColumn}`],
    ['two values on a line', 'store: ▶a: b', nameAndValue],
    ['no comma in a list', 'kafka: {brokers: [a ▶{b: c}]}', 'a comma is missing between two items'],
    [
      'no comma in a group',
      'log: {level: ▶"info" x: y}',
      'a comma is missing between the brackets, or a list or group between them has no brackets of its own',
    ],
    [
      'text after quotes',
      'store: "a" ▶b',
      'this cannot stand here; look for a missing quote, comma or bracket before it',
    ],
    [
      'a bad escape',
      'store: "a▶\\q"',
      'a backslash in "…" must begin a known escape; write \\\\, or use single quotes',
    ],
    ['a list as a name', '? ▶[a]\n: b', 'the name of a setting must be a text'],
  ])('%s', async (_, marked, message) => {
    await expectProblem(marked, message);
  });

  test('each setting that stands twice', async () => {
    expect(await problemsOf('store: a\nstore: b\nlog: {level: info, level: debug}')).toEqual([
      'connector.yaml:2:1: error: this setting stands here twice; keep one',
      'connector.yaml:3:20: error: this setting stands here twice; keep one',
    ]);
  });
});
