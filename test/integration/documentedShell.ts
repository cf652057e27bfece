import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, type TestContext } from 'vitest';
import { commandBlocks, documents, shapeOf } from '../documents/blocks.ts';
import type { DocumentedCommand } from './documentedCommands.ts';

type Shell = ReturnType<typeof shellIn>;

const blocks = documents.flatMap(commandBlocks);

/** The block that begins so; each has one command. */
function blockOf({ beginning }: Pick<DocumentedCommand, 'beginning'>) {
  const block = blocks.find(({ firstLine }) => firstLine.startsWith(beginning));
  const [command, ...others] = block?.commands ?? [];
  if (!command || others.length > 0) throw new Error(`no block with one command: ${beginning}`);
  return command;
}

/** What a person types of a block. */
export function textOf(command: Pick<DocumentedCommand, 'beginning'>): string {
  return blockOf(command).text;
}

/** Runs it; what it prints must have the shape of what the document shows, up to a line `…`. */
export async function expectDocumented(
  shell: Shell,
  command: DocumentedCommand,
  typed: string,
): Promise<void> {
  const { exitCode, stdout, stderr } = await shell(typed).ended;
  expect({ typed, exitCode }, stderr).toEqual({ typed, exitCode: command.exitCode });
  const shown = blockOf(command).output.map(shapeOf);
  if (shown.length === 0) return;
  const more = shown.findIndex((line) => line.trim() === '…');
  const printed = stdout.trimEnd().split('\n').map(shapeOf);
  if (more === -1) expect(printed).toEqual(shown);
  else expect(printed.slice(0, more)).toEqual(shown.slice(0, more));
}

/** The connector in a folder, as npm installs it. */
export async function installProgram(folder: string): Promise<void> {
  const bin = join(folder, 'node_modules', '.bin');
  await mkdir(bin, { recursive: true });
  const program = join(bin, 'powerspace-connector');
  await writeFile(
    program,
    `#!/bin/sh\nexec '${process.execPath}' '${resolve('src/main.ts')}' "$@"\n`,
  );
  await chmod(program, 0o755);
}

/** A shell in the folder, as a person has one; what it runs is ended with the test at the latest. */
export function shellIn(context: TestContext, folder: string, environment: NodeJS.ProcessEnv) {
  const bin = join(folder, 'node_modules', '.bin');
  const PATH = [bin, dirname(process.execPath), process.env['PATH']].join(delimiter);
  return (typed: string) => {
    // As a shell at a terminal, it outlives the Ctrl-C that ends what it runs.
    const child = spawn('/bin/sh', ['-c', `trap : INT\n${typed}`], {
      cwd: folder,
      env: { ...process.env, ...environment, PATH },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own, as a terminal gives it: Ctrl-C reaches all of it.
      detached: true,
    });
    const isOver = () => child.exitCode !== null || child.signalCode !== null;
    const signal = (name: NodeJS.Signals) => {
      if (child.pid !== undefined && !isOver()) process.kill(-child.pid, name);
    };
    context.onTestFinished(async () => {
      if (isOver()) return;
      signal('SIGKILL');
      await once(child, 'exit');
    });
    const written = { stderr: '' };
    child.stderr.setEncoding('utf8').on('data', (data: string) => {
      written.stderr += data;
    });
    const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    return {
      written,
      ended: ended.then(([stdout, stderr]) => ({ exitCode: child.exitCode, stdout, stderr })),
      end: () => signal('SIGINT'),
    };
  };
}
