import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { type FailPoint, failPointModule } from './failPoints.ts';

/** What an orchestrator waits after SIGTERM before it kills. */
const stopDeadline = 30_000;
/** What it waits before it starts again a process that has ended by itself. */
const restartDelay = 500;

/** How the connector is run. */
export interface SupervisorOptions {
  /** Begins the names of its logs. */
  readonly name: string;
  readonly program: string;
  readonly configFile: string;
  /** Each process gets a log of its own in here. */
  readonly logFolder: string;
  /** Variables beside those of this process. */
  readonly environment: Readonly<Record<string, string>>;
}

/** A connector that has ended though nobody asked it to. */
export interface UnaskedEnd {
  readonly startedAt: number;
  readonly at: number;
  readonly logFile: string;
  readonly exit: string;
  /** Whether it had come to read, or failed while starting. */
  readonly wasReading: boolean;
}

/** An end after SIGTERM that was not exit code 0, or came too late; one that had not begun yet may end by the signal. */
export interface BadStop {
  readonly askedAt: number;
  readonly at: number;
  readonly logFile: string;
  readonly exit: string;
}

interface Running {
  readonly child: ChildProcess;
  readonly exited: Promise<unknown>;
  readonly startedAt: number;
  readonly logFile: string;
  /** Whether it has come to its own program, which hears SIGTERM. */
  hasBegun: boolean;
  isReading: boolean;
  isAskedToEnd: boolean;
}

/** Runs the connector as an orchestrator does: one process, started again however it has ended. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  #running: Running;
  #isOver = false;
  /** Of all processes that there have been. */
  readonly processIds: number[] = [];
  readonly unaskedEnds: UnaskedEnd[] = [];
  readonly badStops: BadStop[] = [];

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#running = this.#start();
  }

  /** Of the process that runs now. */
  get processId(): number | undefined {
    return this.#running.child.pid;
  }

  /** The log of the process that runs now. */
  get logFile(): string {
    return this.#running.logFile;
  }

  /** Whether the process that runs now has said that it reads. */
  get isReading(): boolean {
    return this.#running.isReading;
  }

  /** Crashes it and starts another after `downtime` milliseconds. */
  async kill(downtime: number): Promise<void> {
    const { child, exited } = this.#endOnPurpose();
    child.kill('SIGKILL');
    await exited;
    await sleep(downtime);
    this.#running = this.#start();
  }

  /**
   * Lets it crash at a point of the way of a record, and starts another; where it doesn't get there in time it is
   * killed. Returns when it ended.
   */
  async killAt(point: FailPoint, { deadline }: { readonly deadline: number }): Promise<number> {
    const { child, exited } = this.#endOnPurpose();
    child.send(point);
    const overdue = sleep(deadline, undefined, { ref: false });
    await Promise.race([exited, overdue]);
    child.kill('SIGKILL');
    await exited;
    const endedAt = Date.now();
    this.#running = this.#start();
    return endedAt;
  }

  /** Ends it in good order and starts another, as a deployment does. Returns when it had to be killed. */
  async deploy(): Promise<number | undefined> {
    const killedAt = await this.#stop();
    this.#running = this.#start();
    return killedAt;
  }

  /** Stops it where it is, for so many milliseconds. */
  async pause(milliseconds: number): Promise<void> {
    const { child } = this.#running;
    child.kill('SIGSTOP');
    await sleep(milliseconds);
    child.kill('SIGCONT');
  }

  /** Ends it for good. Returns when it had to be killed. */
  async stop(): Promise<number | undefined> {
    this.#isOver = true;
    return this.#stop();
  }

  /** Ends it for good, at once. */
  abandon(): void {
    this.#isOver = true;
    this.#endOnPurpose().child.kill('SIGKILL');
  }

  async #stop(): Promise<number | undefined> {
    const { child, exited, logFile, hasBegun } = this.#endOnPurpose();
    const askedAt = Date.now();
    child.kill('SIGTERM');
    const overdue = sleep(stopDeadline, 'overdue' as const, { ref: false });
    const isOverdue = (await Promise.race([exited, overdue])) === 'overdue';
    const killedAt = isOverdue ? Date.now() : undefined;
    if (isOverdue) child.kill('SIGKILL');
    await exited;
    const exit = isOverdue ? `still there after ${stopDeadline / 1_000} s` : exitOf(child);
    const isGood = exit === 'exit code 0' || (!hasBegun && exit === 'SIGTERM');
    if (!isGood) this.badStops.push({ askedAt, at: Date.now(), logFile, exit });
    return killedAt;
  }

  #endOnPurpose(): Running {
    this.#running.isAskedToEnd = true;
    return this.#running;
  }

  #start(): Running {
    const { name, program, configFile, logFolder, environment } = this.#options;
    const logFile = join(logFolder, `${name}-${this.processIds.length + 1}.log`);
    const command = ['--import', failPointModule, program, 'run', '--json', '--config', configFile];
    const child = spawn(process.execPath, command, {
      env: {
        ...process.env,
        ...environment,
        NODE_COMPILE_CACHE: join(logFolder, 'compile-cache'),
      },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    if (child.pid !== undefined) this.processIds.push(child.pid);
    const stderr = child.stderr as Readable;
    stderr.pipe(createWriteStream(logFile));
    const exited = once(child, 'exit');
    const running: Running = {
      ...{ child, exited, logFile, startedAt: Date.now() },
      ...{ hasBegun: false, isReading: false, isAskedToEnd: false },
    };
    createInterface({ input: stderr }).on('line', (line) => {
      running.hasBegun = true;
      if (line.includes('"msg":"reading"')) running.isReading = true;
    });
    exited.then(() => this.#noteEnd(running)).catch(() => undefined);
    return running;
  }

  async #noteEnd(running: Running): Promise<void> {
    if (running.isAskedToEnd) return;
    this.unaskedEnds.push({
      startedAt: running.startedAt,
      at: Date.now(),
      logFile: running.logFile,
      exit: exitOf(running.child),
      wasReading: running.isReading,
    });
    await sleep(restartDelay);
    if (!this.#isOver && this.#running === running && !running.isAskedToEnd) {
      this.#running = this.#start();
    }
  }
}

function exitOf({ exitCode, signalCode }: ChildProcess): string {
  return signalCode ?? `exit code ${exitCode}`;
}
