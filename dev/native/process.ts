import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';

/**
 * Runs the command ($3 and on) until it ends, or our standard input closes: that is how a parent stops
 * it, and what happens when the parent dies, however it dies. Then the signal ($1) goes to the whole
 * process group, SIGKILL to the command ten seconds later, and the folder ($2) is removed.
 */
const guard = `
signal=$1; folder=$2; shift 2
exec 3<&0
"$@" 3<&- </dev/null &
command=$!
closed=
trap '' TERM INT QUIT HUP PIPE
trap 'closed=yes' USR1
{
  read -r line <&3
  kill -s USR1 $$
  kill -s "$signal" 0
  tries=0
  while kill -s 0 "$command" && [ "$tries" -lt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
  kill -s KILL "$command"
} >/dev/null 2>&1 &
watcher=$!
exec 3<&-
while :; do
  wait "$command"; code=$?
  kill -s 0 "$command" 2>/dev/null || break
done
{ kill -s KILL "$watcher"; wait "$watcher"; } 2>/dev/null
[ -z "$closed" ] || [ -z "$folder" ] || rm -rf -- "$folder"
exit "$code"
`;

const tailLength = 4_000;

/** What is run, and how. */
export interface Command {
  readonly program: string;
  readonly arguments: readonly string[];
  /** The folder it runs in; its own data folder, or this process's where that is not given either. */
  readonly workingFolder?: string;
  /** Variables beside those of this process. */
  readonly environment?: Readonly<Record<string, string>>;
  /** The user it runs as, where not this process's own. */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** A folder of its own, removed when it is stopped. */
  readonly dataFolder?: string;
  /** The signal that asks it to end; SIGTERM where not given. */
  readonly stopSignal?: 'TERM' | 'INT' | 'QUIT';
}

/** A process that ends with this one at the latest, even where this one is killed. */
export interface RunningProcess {
  /** Its exit code, once it has ended; 128 and more where a signal ended it. */
  readonly ended: Promise<number>;
  /** The last of what it wrote to its outputs. */
  tail(): string;
  /**
   * Sends a signal to it and all that it started, from one moment to the next: SIGKILL is a crash, which
   * leaves its data folder as it is; SIGSTOP and SIGCONT make it hang; what SIGQUIT means it decides by itself.
   */
  signal(name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT' | 'SIGQUIT'): void;
  /** Asks it to end, kills it ten seconds later, and waits until it and its data folder are gone. */
  stop(): Promise<void>;
}

/** Starts a process; that it runs doesn't mean that it is ready. */
export function startProcess(command: Command): RunningProcess {
  const { program, dataFolder } = command;
  const child = spawn(
    '/bin/sh',
    [
      '-c',
      guard,
      'sh',
      command.stopSignal ?? 'TERM',
      dataFolder ?? '',
      program,
      ...command.arguments,
    ],
    {
      cwd: command.workingFolder ?? dataFolder,
      env: { ...process.env, ...command.environment },
      // A group of its own: Ctrl-C in a terminal reaches us alone, and we end it in our order.
      detached: true,
      stdio: 'pipe',
      ...command.user,
    },
  );
  let tail = '';
  const keep = (chunk: string) => {
    tail = (tail + chunk).slice(-tailLength);
  };
  child.stdout.setEncoding('utf8').on('data', keep);
  child.stderr.setEncoding('utf8').on('data', keep);
  // The pipe breaks when the process ends by itself; `ended` tells that.
  child.stdin.on('error', () => {});
  const ended = once(child, 'close').then(([code]) => (typeof code === 'number' ? code : 128));
  // A process that nobody waits for must not end this one.
  ended.catch(() => {});
  return {
    ended,
    tail: () => tail.trim(),
    signal(name) {
      const hasEnded = child.exitCode !== null || child.signalCode !== null;
      if (child.pid !== undefined && !hasEnded) process.kill(-child.pid, name);
    },
    async stop() {
      child.stdin.end();
      await ended;
      if (dataFolder !== undefined) await rm(dataFolder, { recursive: true, force: true });
    },
  };
}

/**
 * Runs a process to its end.
 *
 * @throws Error with the last of its output when it fails
 */
export async function runToEnd(command: Command, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  const running = startProcess(command);
  // What goes wrong in it, `ended` tells too.
  const stop = () => void running.stop().catch(() => {});
  signal?.addEventListener('abort', stop);
  try {
    const code = await running.ended;
    signal?.throwIfAborted();
    if (code !== 0) {
      const line = [command.program, ...command.arguments].join(' ');
      throw new Error(`${line} failed with exit code ${code}: ${running.tail()}`);
    }
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}
