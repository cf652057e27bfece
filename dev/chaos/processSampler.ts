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

/** Resident memory at a time, in milliseconds since 1970. */
export interface ResidentSample {
  readonly at: number;
  readonly megabytes: number;
}

/** Observer R: sees what the connector's processes use, from outside, once a second (Linux alone says). */
export class ProcessSampler {
  /** Over all processes. */
  readonly peaks: Peaks = { residentMegabytes: 0, descriptors: 0, sockets: 0 };
  /** Resident memory at each look, in the order of time. */
  readonly resident: ResidentSample[] = [];
  readonly #processIds: () => readonly number[];
  #isOver = false;

  /** `processIds` says which run now. */
  constructor(processIds: () => readonly number[]) {
    this.#processIds = processIds;
  }

  async run(): Promise<void> {
    while (!this.#isOver) {
      for (const processId of this.#processIds()) {
        await this.#sample(`/proc/${processId}`).catch(() => {
          // It has just ended.
        });
      }
      await sleep(interval);
    }
  }

  stop(): void {
    this.#isOver = true;
  }

  async #sample(folder: string): Promise<void> {
    const status = await readFile(`${folder}/status`, 'utf8');
    const kilobytes = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0);
    const megabytes = Math.round(kilobytes / 1_024);
    this.resident.push({ at: Date.now(), megabytes });
    const descriptors = await readdir(`${folder}/fd`);
    const targets = await Promise.all(
      descriptors.map((name) => readlink(`${folder}/fd/${name}`).catch(() => '')),
    );
    const sockets = targets.filter((target) => target.startsWith('socket:')).length;
    const { peaks } = this;
    peaks.residentMegabytes = Math.max(peaks.residentMegabytes, megabytes);
    peaks.descriptors = Math.max(peaks.descriptors, descriptors.length);
    peaks.sockets = Math.max(peaks.sockets, sockets);
  }
}
