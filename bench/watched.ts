import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const readyDeadline = 60_000;
const stopDeadline = 30_000;
/** Of /proc: Linux counts in hundredths of a second whatever its own clock is. */
const ticksPerSecond = 100;

/** A program, and how to tell that it has come to its work. */
export interface Program {
  readonly command: string;
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Stands in its output once it reads. */
  readonly ready: string;
  /** Takes its output. */
  readonly logFile: string;
}

/** What a process has used so far. */
export interface Usage {
  readonly cpuSeconds: number;
  readonly residentMegabytes: number;
  readonly peakMegabytes: number;
}

/** A process that is seen only from outside. */
export class Watched {
  readonly #program: Program;
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  /** Milliseconds since 1970. */
  readonly startedAt = Date.now();

  constructor(program: Program) {
    this.#program = program;
    const log = openSync(program.logFile, 'w');
    this.#child = spawn(program.command, [...program.arguments], {
      env: { ...process.env, ...program.environment },
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    // It must not outlive whoever measures it.
    process.once('exit', this.kill);
    this.#exited = once(this.#child, 'exit').finally(() => process.off('exit', this.kill));
  }

  /** Resolves once it has come to its work, to within a few milliseconds. */
  async untilReady(): Promise<void> {
    const deadline = Date.now() + readyDeadline;
    while (!(await this.output()).includes(this.#program.ready)) {
      await this.check();
      if (Date.now() > deadline) throw await this.#failure('did not come to its work');
      await sleep(5);
    }
  }

  /** Throws where it has ended by itself. */
  async check(): Promise<void> {
    if (this.#hasEnded) throw await this.#failure('has ended by itself');
  }

  output(): Promise<string> {
    return readFile(this.#program.logFile, 'utf8');
  }

  /** Of all its threads; Linux alone tells. */
  async usage(): Promise<Usage> {
    const folder = `/proc/${this.#child.pid}`;
    const [stat, status] = await Promise.all([
      readFile(`${folder}/stat`, 'utf8'),
      readFile(`${folder}/status`, 'utf8'),
    ]);
    // The name, in brackets, may hold spaces; utime and stime are the 14th and 15th field.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const megabytes = (name: string) =>
      Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) / 1_024;
    return {
      cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond,
      residentMegabytes: megabytes('VmRSS'),
      peakMegabytes: megabytes('VmHWM'),
    };
  }

  /** Asks it to end, and kills it where it doesn't. Throws where it ended by itself. */
  async stop(): Promise<void> {
    await this.check();
    this.#child.kill('SIGTERM');
    const overdue = sleep(stopDeadline, 'overdue' as const, { ref: false });
    if ((await Promise.race([this.#exited, overdue])) === 'overdue') this.kill();
    await this.#exited;
  }

  /** Ends it at once; of one that has ended nothing. */
  readonly kill = (): void => {
    if (!this.#hasEnded) this.#child.kill('SIGKILL');
  };

  get #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  async #failure(what: string): Promise<Error> {
    const { command, arguments: given } = this.#program;
    const output = (await this.output()).slice(-2_000);
    return new Error(`${[command, ...given].join(' ')} ${what}:\n${output}`);
  }
}
