import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('./strangers.ts', import.meta.url));
/** Members leave one after the other, each with a rebalance. */
const leaveDeadline = 20_000;

/** Whose group strangers join. */
export interface StrangerGroupOptions {
  readonly brokers: readonly string[];
  readonly group: string;
  readonly topics: readonly string[];
}

/** How strangers behave. */
export interface StrangerBehaviour {
  readonly members: number;
  /** The longest that one stays before it leaves and joins again, in milliseconds; 0 for as long as it may. */
  readonly stay: number;
  /** How long they come and go, in milliseconds. */
  readonly milliseconds: number;
  readonly seed: number;
  /** How they go at last: with a word to the group, or by a kill. */
  readonly end: 'SIGTERM' | 'SIGKILL';
}

/** Members of the connector's group that are not ours: they take partitions and read nothing. */
export class StrangerGroup {
  readonly #options: StrangerGroupOptions;

  constructor(options: StrangerGroupOptions) {
    this.#options = options;
  }

  /** Lets some of them come and go, in a process of their own, and ends when they are gone. */
  async visit({ members, stay, milliseconds, seed, end }: StrangerBehaviour): Promise<void> {
    const { brokers, group, topics } = this.#options;
    const options = { brokers: brokers.join(','), group, topics: topics.join(','), members, stay };
    const child = spawn(
      process.execPath,
      [
        program,
        ...Object.entries({ ...options, seed }).map(([name, given]) => `--${name}=${given}`),
      ],
      { stdio: ['ignore', 'inherit', 'inherit'] },
    );
    const exited = once(child, 'exit');
    await Promise.race([sleep(milliseconds), exited]);
    child.kill(end);
    const overdue = setTimeout(() => child.kill('SIGKILL'), leaveDeadline);
    await exited;
    clearTimeout(overdue);
  }
}
