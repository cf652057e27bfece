import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { listen } from '../listen.ts';

const program = resolve('src/main.ts');

/** How a command is run; `environment` is added to that of the tests. */
export interface CommandOptions {
  readonly folder?: string;
  /** A command that runs the one that follows it, such as `nice`. */
  readonly through?: readonly string[];
  readonly environment?: NodeJS.ProcessEnv;
}

/** What a command has left behind. */
export interface EndedCommand {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that runs as a process of its own. */
export interface RunningCommand {
  /** What it has written so far. */
  readonly written: { readonly stdout: string; readonly stderr: string };
  readonly processId: number | undefined;
  readonly ended: Promise<EndedCommand>;
  signal(name: NodeJS.Signals): void;
}

/** Starts `powerspace-connector …` as a person would; it is ended with the test at the latest. */
export function startCommand(
  commandArguments: readonly string[],
  { folder, through = [], environment }: CommandOptions = {},
): RunningCommand {
  const command = [...through, process.execPath, program, ...commandArguments];
  const child = spawn(command[0] as string, command.slice(1), {
    cwd: folder,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) await kill(child);
  });
  const written = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (data: string) => {
    written.stdout += data;
  });
  child.stderr.setEncoding('utf8').on('data', (data: string) => {
    written.stderr += data;
  });
  const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return {
    written,
    processId: child.pid,
    ended: ended.then(([stdout, stderr]) => ({ exitCode: child.exitCode, stdout, stderr })),
    signal: (name) => child.kill(name),
  };
}

/** Runs a command to its end. */
export function runCommand(
  commandArguments: readonly string[],
  options?: CommandOptions,
): Promise<EndedCommand> {
  return startCommand(commandArguments, options).ended;
}

/** A folder with these files, there until the test ends. */
export async function folderWith(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'connector-cli-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  return folder;
}

/** An address of this machine at which nothing listens: the port was free a moment ago. */
export async function unusedAddress(): Promise<string> {
  await using server = createServer();
  return `127.0.0.1:${await listen(server)}`;
}

/** An address that takes connections, and never says a word. */
export async function silentAddress(): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => socket.destroy()));
  });
  const port = await listen(server);
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await server[Symbol.asyncDispose]();
  });
  return `127.0.0.1:${port}`;
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}
