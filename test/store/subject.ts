import { hash } from 'node:crypto';
import { onTestFinished } from 'vitest';
import type { Claim, Click, RecordRange, Store } from '../../src/store/store.ts';

/** One place where a store keeps what it is given; empty at first. */
export interface StorePlace {
  /** Opens the store there. It is closed before it is opened again. */
  open(): Store | Promise<Store>;
}

/** A new place, which is cleared away when the test ends. */
export type NewPlace = () => StorePlace | Promise<StorePlace>;

/** Opens a store for as long as the test runs, and again when asked: as another process would see it. */
export class StoreSubject {
  readonly #place: StorePlace;
  #store: Store;

  constructor(place: StorePlace, store: Store) {
    this.#place = place;
    this.#store = store;
  }

  static async create(newPlace: NewPlace): Promise<StoreSubject> {
    const place = await newPlace();
    const subject = new StoreSubject(place, await place.open());
    onTestFinished(() => subject.close());
    return subject;
  }

  async close(): Promise<void> {
    await this.#store.close();
  }

  get clicks(): Store['clicks'] {
    return this.#store.clicks;
  }

  get ledger(): Store['ledger'] {
    return this.#store.ledger;
  }

  get workLog(): Store['workLog'] {
    return this.#store.workLog;
  }

  async reopen(): Promise<void> {
    await this.#store.close();
    this.#store = await this.#place.open();
  }
}

export function claimOf(id: string, claim: Partial<Claim> = {}): Claim {
  const key = hash('sha256', id, 'buffer');
  return { key, kind: 'order', topic: 'orders', partition: 0, offset: 0, ...claim };
}

export function clickOf(userKey: string, clickId: string, at = 1_000): Click {
  return { userKey, clickId, at };
}

export function rangeOf(firstOffset: number, lastOffset: number, partition = 0): RecordRange {
  return { topic: 'orders', partition, firstOffset, lastOffset };
}
