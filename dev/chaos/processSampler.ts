import { readdir, readFile, readlink } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const interval = 1_000;

/** The most that a process was seen to use. */
export interface Peaks {
  /** Resident memory in megabytes. */
  residentMegabytes: number;
  descriptors: number;
  sockets: number;
}

/** Observer R: sees what the connector's processes use, from outside, once a second (Linux alone says). */
export class ProcessSampler {
  /** Over all processes. */
  readonly peaks: Peaks = { residentMegabytes: 0, descriptors: 0, sockets: 0 };
  samples = 0;
  readonly #processId: () => number | undefined;
  #isOver = false;

  constructor(processId: () => number | undefined) {
    this.#processId = processId;
  }

  async run(): Promise<void> {
    while (!this.#isOver) {
      const processId = this.#processId();
      await this.#sample(`/proc/${processId}`).catch(() => {
        // It has just ended.
      });
      await sleep(interval);
    }
  }

  stop(): void {
    this.#isOver = true;
  }

  async #sample(folder: string): Promise<void> {
    const status = await readFile(`${folder}/status`, 'utf8');
    const kilobytes = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0);
    const descriptors = await readdir(`${folder}/fd`);
    const targets = await Promise.all(
      descriptors.map((name) => readlink(`${folder}/fd/${name}`).catch(() => '')),
    );
    const sockets = targets.filter((target) => target.startsWith('socket:')).length;
    const { peaks } = this;
    peaks.residentMegabytes = Math.max(peaks.residentMegabytes, Math.round(kilobytes / 1_024));
    peaks.descriptors = Math.max(peaks.descriptors, descriptors.length);
    peaks.sockets = Math.max(peaks.sockets, sockets);
    this.samples += 1;
  }
}
