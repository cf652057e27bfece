import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a document tells a person to type. */
export interface CommandBlock {
  /** Such as `README.md:20`. */
  readonly place: string;
  /** Its first line, as it is found by whoever lists it. */
  readonly firstLine: string;
  /** A command, and what the document shows of its output; nothing where it shows none. */
  readonly commands: readonly { readonly text: string; readonly output: readonly string[] }[];
}

/** The README and the pages of docs/. */
export const documents: readonly string[] = [
  'README.md',
  ...readdirSync('docs')
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
];

/** The blocks of a kind in a document, with the line that each begins in. */
export function fencedBlocks(document: string): { line: number; language: string; text: string }[] {
  const whole = readFileSync(document, 'utf8');
  const found = whole.matchAll(/^( *)```([\w-]*)\n([\s\S]*?)^\1```$/gm);
  return [...found].map(({ index, 2: language = '', 3: text = '' }) => ({
    ...{ language, text },
    line: whole.slice(0, index).split('\n').length,
  }));
}

/** Blocks of shell, and those that show a prompt, whatever they are called. */
export function commandBlocks(document: string): readonly CommandBlock[] {
  return fencedBlocks(document).flatMap(({ line, language, text }) => {
    const place = `${document}:${line}`;
    const lines = text.trimEnd().split('\n');
    const firstLine = (lines[0] ?? '').replace(/^\$ /, '');
    if (/^\$ /m.test(text)) return [{ place, firstLine, commands: sessionOf(lines) }];
    if (!['sh', 'bash', 'shell', 'console'].includes(language)) return [];
    return [{ place, firstLine, commands: [{ text, output: [] }] }];
  });
}

/** After each prompt what follows it. */
function sessionOf(lines: readonly string[]): CommandBlock['commands'] {
  const commands: { text: string; output: string[] }[] = [];
  for (const line of lines) {
    if (line.startsWith('$ ')) commands.push({ text: line.slice(2), output: [] });
    else commands.at(-1)?.output.push(line);
  }
  return commands;
}

/** A line without what differs from run to run: ids, times, numbers, addresses, files of stores, prefixes of tests, and widths of columns. */
export function shapeOf(line: string): string {
  return line
    .replace(/https?:\/\/\S+/g, 'URL')
    .replace(/\b(localhost|127\.0\.0\.1):\d+/g, 'ADDRESS')
    .replace(/\bsqlite:[^\s:]+/g, 'FILE')
    .replace(/\btest-[0-9a-f]{8}\./g, '')
    .replace(/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, 'UUID')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replace(/\b(?=[a-f]*\d)[0-9a-f]{12,32}\b/g, 'HASH')
    .replace(/\d+/g, 'N')
    .replace(/ +/g, ' ')
    .trimEnd();
}
