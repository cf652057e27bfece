import { ConnectorProcess, type Surroundings } from './connectorProcess.ts';

/** As in src/cli/run.ts. */
const stopDeadline = 28_000;
/** Milliseconds after which a process that has ended by itself is started again. */
const restartDelay = 1_000;

/** Starts the connector, and starts it again when it has ended: one process at a time. */
export class Supervisor {
  readonly #surroundings: Surroundings;
  #process: ConnectorProcess | undefined;
  #started = 0;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  /** Starts a process, unless one lives. */
  start(): void {
    if (this.#process?.isAlive) return;
    this.#started += 1;
    const process = new ConnectorProcess(`process ${this.#started}`, this.#surroundings);
    this.#process = process;
    process.onPoison = () => this.kill(restartDelay);
    this.#surroundings.scheduler.schedule(0, process, () => {
      // Without a broker it ends, and is started again.
      process.start().catch(() => this.#end(process, restartDelay));
    });
  }

  /** As SIGKILL. It is started again after so many milliseconds. */
  kill(restartAfter: number): void {
    if (!this.#process?.isAlive) return;
    this.#surroundings.observer.killed(this.#process);
    this.#end(this.#process, restartAfter);
  }

  /** As SIGSTOP, and SIGCONT after so many milliseconds. */
  pause(milliseconds: number): void {
    const { scheduler } = this.#surroundings;
    if (this.#process?.isAlive) this.#process.pausedUntil = scheduler.now + milliseconds;
  }

  /** As SIGTERM: before it has started, a second time, and when its patience ends, it ends at once. */
  stop(restartAfter: number): void {
    const { scheduler } = this.#surroundings;
    const process = this.#process;
    if (process?.state !== 'running') {
      this.kill(restartAfter);
      return;
    }
    scheduler.schedule(stopDeadline, undefined, () => {
      if (process.isAlive) this.kill(restartAfter);
    });
    scheduler.schedule(0, process, () => void this.#stopInOrder(process, restartAfter));
  }

  /** Stops the last process, which has nothing left to do, and waits until it has ended. */
  async stopForGood(): Promise<void> {
    const { scheduler, observer } = this.#surroundings;
    const last = this.#process;
    const canStop = last?.state === 'running';
    scheduler.schedule(0, undefined, () => this.stop(Number.POSITIVE_INFINITY));
    await scheduler.run(() => observer.violation !== undefined || last?.isAlive !== true);
    if (canStop && last.state !== 'stopped') {
      observer.violate('I1', 'the last stop did not end in time');
    }
  }

  async #stopInOrder(process: ConnectorProcess, restartAfter: number): Promise<void> {
    await process.stop();
    if (process.state !== 'stopped') this.#surroundings.observer.killed(process);
    this.#end(process, restartAfter);
  }

  #end(process: ConnectorProcess, restartAfter: number): void {
    process.isAlive = false;
    this.#surroundings.observer.note(`${process.name} has ended`);
    if (!Number.isFinite(restartAfter)) return;
    this.#surroundings.scheduler.schedule(restartAfter, undefined, () => this.start());
  }
}
