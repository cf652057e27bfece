import type {
  Claim,
  ClaimResult,
  Click,
  ClickStore,
  CrashedRange,
  Ledger,
  LedgerEntry,
  LedgerState,
  RecordRange,
  Store,
  WorkLog,
} from '../../src/store/store.ts';

/** A row of the ledger, and the record that it was first claimed for. */
export interface LedgerRow {
  readonly state: 'claimed' | LedgerState;
  readonly owner: number;
  /** An owner that has ended, or has abandoned it, may have sent it. */
  readonly wasInterrupted: boolean;
  readonly claim: Claim;
  /** Milliseconds; undefined until it has ended. */
  readonly settledAt?: number;
}

/** What a store has made durable: it outlives the processes that open it. */
export class MemoryStorage {
  /** By click id, by user key. */
  readonly clicks = new Map<string, Map<string, Click>>();
  /** By key, in hexadecimal. */
  readonly ledger = new Map<string, LedgerRow>();
  /** What each owner is at work on. */
  readonly work = new Map<number, readonly RecordRange[]>();
  /** By their range. */
  readonly crashed = new Map<string, CrashedRange>();
  /** How many have opened it; the last is the living owner. */
  owners = 0;
}

/** Does what a call of the store does, at once or later, or fails before or after that. */
export type Access = <Result>(work: () => Result) => Promise<Result>;

/**
 * The rules of the SQLite store without the database. One process at a time. The work log, which waits for no
 * disk, may have an access of its own.
 */
export function openMemoryStore(
  storage: MemoryStorage,
  access: Access,
  workAccess: Access = access,
): Store {
  storage.owners += 1;
  return {
    clicks: openClicks(storage.clicks, access),
    ledger: new MemoryLedger(storage.ledger, storage.owners, access),
    workLog: new MemoryWorkLog(storage, storage.owners, workAccess),
    close: async () => {},
  };
}

function openClicks(clicks: MemoryStorage['clicks'], access: Access): ClickStore {
  const all = () => [...clicks.values()].flatMap((own) => [...own.values()]);
  return {
    save: (added) =>
      access(() => {
        for (const click of added) {
          const own = clicks.get(click.userKey) ?? new Map<string, Click>();
          own.set(click.clickId, earlier(click, own.get(click.clickId) ?? click));
          clicks.set(click.userKey, own);
        }
      }),
    find: (userKeys) =>
      access(() => {
        const known = userKeys.filter((userKey) => clicks.has(userKey));
        return new Map(known.map((key) => [key, [...(clicks.get(key)?.values() ?? [])]]));
      }),
    purge: (before, limit) =>
      access(() => {
        const old = all()
          .filter(({ at }) => at < before)
          .slice(0, limit);
        for (const { userKey, clickId } of old) {
          const own = clicks.get(userKey);
          own?.delete(clickId);
          if (own?.size === 0) clicks.delete(userKey);
        }
        return old.length;
      }),
    count: () => access(() => all().length),
  };
}

/** The same click twice: of each time the earlier. */
function earlier({ userKey, clickId, ...one }: Click, other: Click): Click {
  const at = Math.min(one.at, other.at);
  const linkedAt = Math.min(one.linkedAt ?? one.at, other.linkedAt ?? other.at);
  return { userKey, clickId, at, ...(linkedAt > at && { linkedAt }) };
}

/** The work log of one owner. */
export class MemoryWorkLog implements WorkLog {
  readonly #storage: MemoryStorage;
  readonly #owner: number;
  readonly #access: Access;

  constructor(storage: MemoryStorage, owner: number, access: Access) {
    this.#storage = storage;
    this.#owner = owner;
    this.#access = access;
  }

  begin(ranges: readonly RecordRange[]): Promise<void> {
    return this.#access(() => void this.#storage.work.set(this.#owner, ranges));
  }

  end(): Promise<void> {
    return this.#access(() => void this.#storage.work.delete(this.#owner));
  }

  crashed(): Promise<readonly CrashedRange[]> {
    const { work, crashed } = this.#storage;
    return this.#access(() => {
      for (const [owner, ranges] of work) {
        if (owner === this.#owner) continue;
        for (const range of ranges) {
          const crashes = (crashed.get(nameOf(range))?.crashes ?? 0) + 1;
          crashed.set(nameOf(range), { ...range, crashes });
        }
        work.delete(owner);
      }
      return [...crashed.values()];
    });
  }

  forget(ranges: readonly RecordRange[]): Promise<void> {
    return this.#access(() => {
      for (const range of ranges) this.#storage.crashed.delete(nameOf(range));
    });
  }
}

function nameOf({ topic, partition, firstOffset, lastOffset }: RecordRange): string {
  return `${topic}/${partition}/${firstOffset}-${lastOffset}`;
}

/** The ledger of one owner. */
export class MemoryLedger implements Ledger {
  readonly #rows: MemoryStorage['ledger'];
  readonly #owner: number;
  readonly #access: Access;

  constructor(rows: MemoryStorage['ledger'], owner: number, access: Access) {
    this.#rows = rows;
    this.#owner = owner;
    this.#access = access;
  }

  claim(
    claims: readonly Claim[],
    over: readonly LedgerState[] = [],
  ): Promise<readonly ClaimResult[]> {
    return this.#access(() => {
      requireAll(claims.map(({ topic }) => topic));
      return claims.map((claim) => this.#claimOne(claim, over));
    });
  }

  settle(entries: readonly LedgerEntry[]): Promise<void> {
    return this.#access(() => {
      requireAll(entries.map(({ state }) => state));
      for (const { key, state } of entries) {
        const row = this.#rows.get(key.toString('hex'));
        if (row) this.#rows.set(key.toString('hex'), { ...row, state, settledAt: Date.now() });
      }
    });
  }

  release(keys: readonly Buffer[]): Promise<void> {
    return this.#access(() => {
      for (const key of keys.map((each) => each.toString('hex'))) {
        const row = this.#rows.get(key);
        if (row?.state === 'claimed' && !row.wasInterrupted) this.#rows.delete(key);
      }
    });
  }

  abandon(keys: readonly Buffer[]): Promise<void> {
    return this.#access(() => {
      for (const key of keys.map((each) => each.toString('hex'))) {
        const row = this.#rows.get(key);
        if (row?.state === 'claimed') this.#rows.set(key, { ...row, wasInterrupted: true });
      }
    });
  }

  purge(before: number, limit: number): Promise<number> {
    return this.#access(() => {
      const isOld = ({ settledAt }: LedgerRow) => settledAt !== undefined && settledAt < before;
      const old = [...this.#rows].filter(([, row]) => isOld(row)).slice(0, limit);
      for (const [key] of old) this.#rows.delete(key);
      return old.length;
    });
  }

  isWithinLease(): boolean {
    return true;
  }

  count(): Promise<number> {
    return this.#access(() => this.#rows.size);
  }

  #claimOne(claim: Claim, over: readonly LedgerState[]): ClaimResult {
    const key = claim.key.toString('hex');
    const row = this.#rows.get(key);
    if (row && row.state !== 'claimed' && !over.includes(row.state)) return row.state;
    const known = row?.state === 'claimed' ? row : undefined;
    const isOthers = known !== undefined && known.owner !== this.#owner;
    const wasInterrupted = isOthers || (known?.wasInterrupted ?? false);
    const owned = { state: 'claimed', owner: this.#owner, wasInterrupted } as const;
    this.#rows.set(key, { ...owned, claim: row?.claim ?? claim });
    return wasInterrupted ? 'interrupted' : 'claimed';
  }
}

/** As a database's NOT NULL: one value that is missing fails the whole call. */
function requireAll(values: readonly unknown[]): void {
  if (values.includes(null)) throw new Error('a column that must not be null is null');
}
