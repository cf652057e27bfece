import { createHash } from 'node:crypto';
import { appendFile, readFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Figure } from './case.ts';
import { median } from './median.ts';
import type { Size } from './size.ts';

const file = fileURLToPath(new URL('./history.ndjson', import.meta.url));
/** Fewer earlier entries say nothing. */
const entriesAtLeast = 3;
/** Worse than the median of earlier ones by more than this is a regression. */
const tolerance = 0.1;

const entrySchema = z.object({
  at: z.string(),
  machine: z.string(),
  size: z.enum(['full', 'quick']),
  figure: z.string(),
  value: z.number(),
});
/** A figure of an earlier run. */
type Entry = z.infer<typeof entrySchema>;

/** Runs that can be compared with each other: of one machine and one size. */
type Kind = Pick<Entry, 'machine' | 'size'>;

/** What earlier runs of a kind have measured. */
export class History {
  readonly #own: readonly Entry[];
  readonly #kind: Kind;

  /** `text` holds an entry, as JSON, a line. */
  constructor(text: string, kind: Kind) {
    this.#kind = kind;
    this.#own = text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => entrySchema.parse(JSON.parse(line)))
      .filter(({ machine, size }) => machine === kind.machine && size === kind.size);
  }

  /** By how much a figure is worse than the median of the earlier ones, as a share; below 0 where it is better. */
  worseBy(figure: Figure): number | undefined {
    const name = nameOf(figure);
    const earlier = this.#own.filter((entry) => entry.figure === name).map(({ value }) => value);
    if (earlier.length < entriesAtLeast) return undefined;
    const change = figure.value / median(earlier) - 1;
    return figure.better === 'higher' ? -change : change;
  }

  isRegression(figure: Figure): boolean {
    return (this.worseBy(figure) ?? 0) > tolerance;
  }

  /** The lines that a run adds, for later ones. */
  linesOf(figures: readonly Figure[]): string {
    const at = new Date().toISOString();
    const lines = figures.map((figure) => {
      const value = Number(figure.value.toPrecision(4));
      const entry: Entry = { at, ...this.#kind, figure: nameOf(figure), value };
      return `${JSON.stringify(entry)}\n`;
    });
    return lines.join('');
  }
}

/** The history that is kept beside this file. */
export async function readHistory(size: Size['name']): Promise<History> {
  return new History(await readFile(file, 'utf8').catch(() => ''), { machine, size });
}

/** Adds the figures of a run to it. */
export async function keep(history: History, figures: readonly Figure[]): Promise<void> {
  await appendFile(file, history.linesOf(figures));
}

/** Machines of one kind are one machine: processor, cores, memory. */
const machine = describeMachine();

function describeMachine(): string {
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  const text = `${cpus()[0]?.model}, ${cpus().length} cores, ${gigabytes} GB, Node ${process.version}`;
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}

function nameOf({ subject, measure, baseline }: Figure): string {
  return baseline ? `${subject}: ${measure} ÷ ${baseline.name}` : `${subject}: ${measure}`;
}
