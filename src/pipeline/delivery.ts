import type { SourceRecord } from '../kafka/partition.ts';
import type { Postback } from '../powerspace/request.ts';
import { type LedgerEntry, mostNotedAttempts, type NotedAttempt } from '../store/store.ts';
import type { PostbackSpan, ProcessSpan } from '../telemetry/traces.ts';
import type { Conversion } from './compose.ts';

/** A conversion that we have claimed, until it has its outcome. */
export class Delivery {
  readonly postback: Postback;
  readonly key: Buffer;
  /** The key as a text. */
  readonly id: string;
  readonly at: number;
  readonly span: ProcessSpan;
  readonly postbackSpan: PostbackSpan;
  /** When its record was read, in milliseconds since the Unix epoch. */
  readonly readAt: number;
  /** An owner that has ended may have sent it already. */
  readonly wasInterrupted: boolean;
  #record: SourceRecord;
  readonly #history: NotedAttempt[] = [];
  attempts = 0;
  /** HTTP status of the last answer. */
  status: number | undefined;
  /** Whether an attempt, of an earlier run or of this one, may have arrived though nobody knows. */
  mayHaveArrived: boolean;
  /** The first failure, as time in which others got through (Breaker.openTime taken off). */
  failingSince: number | undefined;

  constructor(
    conversion: Conversion,
    options: { postbackSpan: PostbackSpan; readAt: number; wasInterrupted: boolean },
  ) {
    this.postback = conversion.postback;
    this.key = conversion.key;
    this.id = idOf(conversion.key);
    this.at = conversion.at;
    this.span = conversion.span;
    this.#record = conversion.record;
    this.postbackSpan = options.postbackSpan;
    this.readAt = options.readAt;
    this.wasInterrupted = options.wasInterrupted;
    this.mayHaveArrived = options.wasInterrupted;
  }

  /** The record that waits for its outcome. */
  get record(): SourceRecord {
    return this.#record;
  }

  /** Goes on for the same record, read again after a rebalance; returns the one it was read as before. */
  adopt(record: SourceRecord): SourceRecord {
    const previous = this.#record;
    this.#record = record;
    return previous;
  }

  /** Keeps an attempt that has ended for the ledger; of many, the last. */
  note(attempt: NotedAttempt): void {
    this.#history.push(attempt);
    if (this.#history.length > mostNotedAttempts) this.#history.shift();
  }

  /** The ledger entry of a delivery that ended in `state`. */
  entry(state: LedgerEntry['state'], reason?: string): LedgerEntry {
    const { key, status, attempts } = this;
    return { key, state, status, attempts, reason, history: this.#history };
  }
}

/** A ledger key as the key of a map. */
export function idOf(key: Buffer): string {
  return key.toString('latin1');
}

/** The deliveries of this process that have no outcome yet, by their ledger key. */
export class Outstanding {
  readonly #deliveries = new Map<string, Delivery>();
  readonly #releases = new Map<string, Promise<void>>();

  get size(): number {
    return this.#deliveries.size;
  }

  /** The one that waits longest. */
  get oldest(): Delivery | undefined {
    for (const delivery of this.#deliveries.values()) return delivery;
    return undefined;
  }

  find(id: string): Delivery | undefined {
    return this.#deliveries.get(id);
  }

  add(delivery: Delivery): void {
    this.#deliveries.set(delivery.id, delivery);
  }

  remove(delivery: Delivery): void {
    this.#deliveries.delete(delivery.id);
  }

  /** It is no longer ours, and its claim is being given back. */
  releasing(delivery: Delivery, release: Promise<void>): void {
    const { id } = delivery;
    this.#deliveries.delete(id);
    this.#releases.set(id, release);
    // How it ends is for whoever gives it back to tell.
    const forget = () => this.#releases.delete(id);
    release.then(forget, forget);
  }

  /** Whether a claim of one of these keys is being given back. */
  isReleasing(keys: readonly Buffer[]): boolean {
    return this.#releases.size > 0 && keys.some((key) => this.#releases.has(idOf(key)));
  }

  /** Resolves once the claims of these keys that are being given back now are given back. */
  async released(keys: readonly Buffer[]): Promise<void> {
    await Promise.all(keys.map((key) => this.#releases.get(idOf(key))));
  }
}
