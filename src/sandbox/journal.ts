import Big from 'big.js';
import type { IncomingPostback, PostbackKind } from './postback.ts';
import { Statistics } from './statistics.ts';

/** One postback that the sandbox received, in the order of arrival. */
export interface SandboxEntry {
  /** When it arrived, in milliseconds since 1970. */
  readonly at: number;
  readonly kind: PostbackKind;
  /** The click id as sent, decoded; empty when there was none. */
  readonly clickId: string;
  /** The order value as sent. */
  readonly value?: string;
  /**
   * The status it is answered with, decided on arrival (a delayed answer stands here before it is
   * sent); null when a fault withholds the answer: the sender can't tell whether it was recorded.
   */
  readonly status: number | null;
  readonly userAgent?: string;
  readonly traceparent?: string;
}

/** What was received, counted since the start or the last `clear`. */
export interface SandboxSummary {
  /** Leads answered with a 2xx. */
  readonly leads: number;
  /** Orders answered with a 2xx. */
  readonly orders: number;
  /** The exact sum of the values of those orders, a decimal such as `149.98`. */
  readonly value: string;
  /** All requests but those for statistics and under `/sandbox`, so also those with a wrong path or method. */
  readonly requests: number;
  /** The same requests by status; `none` for those that a fault left without an answer. */
  readonly byStatus: Readonly<Record<string, number>>;
  /** Postbacks that are counted above but not kept as entries, because enough are kept. */
  readonly notKept: number;
}

/** Keeps the first entries, up to a number, and counts all. */
export class Journal {
  /** The same as Powerspace shows it. */
  readonly statistics = new Statistics();
  readonly #keep: number;
  #entries: SandboxEntry[] = [];
  #recorded: Record<PostbackKind, number> = { lead: 0, order: 0 };
  #value = new Big(0);
  #byStatus = new Map<string, number>();
  #postbacks = 0;

  constructor(keep: number) {
    this.#keep = keep;
  }

  get entries(): readonly SandboxEntry[] {
    return this.#entries;
  }

  /** Notes the postback that this entry is of. */
  add(entry: SandboxEntry, { kind, value, fault }: IncomingPostback): void {
    this.#postbacks += 1;
    this.count(entry.status);
    if (this.#entries.length < this.#keep) this.#entries.push(entry);
    const isRecorded = entry.status !== null && entry.status >= 200 && entry.status < 300;
    if (!isRecorded || fault !== undefined) return;
    this.#recorded[kind] += 1;
    if (value !== undefined) this.#value = this.#value.plus(value);
    this.statistics.add(entry.at, kind, value);
  }

  /** Counts a request that is no postback, or one more answer. */
  count(status: number | null): void {
    const key = status === null ? 'none' : String(status);
    this.#byStatus.set(key, (this.#byStatus.get(key) ?? 0) + 1);
  }

  summary(): SandboxSummary {
    return {
      leads: this.#recorded.lead,
      orders: this.#recorded.order,
      value: this.#value.toFixed(),
      requests: [...this.#byStatus.values()].reduce((sum, count) => sum + count, 0),
      byStatus: Object.fromEntries(this.#byStatus),
      notKept: this.#postbacks - this.#entries.length,
    };
  }

  /** Forgets everything; entries handed out before stay as they were. */
  clear(): void {
    this.#entries = [];
    this.#recorded = { lead: 0, order: 0 };
    this.#value = new Big(0);
    this.#byStatus.clear();
    this.#postbacks = 0;
    this.statistics.clear();
  }
}
