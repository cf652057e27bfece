import { appendFileSync } from 'node:fs';

/** A fault that was injected, and when; times in milliseconds since 1970. */
export interface InjectedFault {
  readonly kind: string;
  readonly detail: string;
  readonly from: number;
  readonly until: number;
}

/** Writes down what was injected when, as it happens. */
export class FaultLog {
  readonly faults: InjectedFault[] = [];
  readonly #file: string;
  readonly report: (line: string) => void;

  constructor(file: string, report: (line: string) => void) {
    this.#file = file;
    this.report = report;
  }

  /** Notes a fault that lasts as long as `work`. */
  async during(kind: string, detail: string, work: () => Promise<unknown>): Promise<void> {
    const from = Date.now();
    this.report(`${kind}: ${detail}`);
    try {
      await work();
    } finally {
      this.note({ kind, detail, from, until: Date.now() });
    }
  }

  note(fault: InjectedFault): void {
    this.faults.push(fault);
    appendFileSync(this.#file, `${JSON.stringify(fault)}\n`);
  }
}
