/** A Powerspace click and one user key that it belongs to. */
export interface Click {
  /** Any identifier of a person in events: user id, visitor id, cart id. */
  readonly userKey: string;
  readonly clickId: string;
  /** When the person clicked, in milliseconds since the Unix epoch. */
  readonly at: number;
}

/** The clicks that are known, by user key. */
export interface ClickStore {
  /** Stores clicks durably; of one that is there already the earlier time counts, whichever came first. */
  save(clicks: readonly Click[]): Promise<void>;
  /** Every click of these user keys, in one round trip; keys without a click are absent. */
  find(userKeys: readonly string[]): Promise<ReadonlyMap<string, readonly Click[]>>;
  /** Removes up to `limit` clicks older than `before` (milliseconds) and says how many. */
  purge(before: number, limit: number): Promise<number>;
  /** How many clicks are stored. */
  count(): Promise<number>;
  /** The time of the newest click that is no later than `until`, both in milliseconds; undefined without one. */
  newest(until: number): Promise<number | undefined>;
}

/** The clicks of a store, for reading alone. */
export interface ClickReader {
  readonly find: ClickStore['find'];
  close(): Promise<void>;
}

/** A store that takes very many clicks. */
export interface ClickImport {
  /** How many to save at once. */
  readonly batch: number;
  readonly save: ClickStore['save'];
  close(): Promise<void>;
}

/** How a conversion that was claimed has ended, once it has (design §5). */
export type LedgerState = 'delivered' | 'rejected' | 'undeliverable';

/** What the ledger notes before a conversion is sent. */
export interface Claim {
  /** SHA-256 of network, kind and the conversion's id. */
  readonly key: Buffer;
  readonly kind: 'lead' | 'order';
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/**
 * What became of a claim: `claimed`, it is ours and nobody else tried before; `interrupted`, it is ours, but
 * it may have been sent, by an owner that has ended or one that has abandoned it; or the state in which it ended
 * earlier. Of another owner that lives: `elsewhere`, it is delivering the conversion for another record, which is
 * not committed before that and so stands for this one; `busy`, it had this very record before and has yet to let go
 * of it, which it does soon: claim it again.
 */
export type ClaimResult = 'claimed' | 'interrupted' | 'elsewhere' | 'busy' | LedgerState;

/** How a claim of ours ends. */
export interface LedgerEntry {
  readonly key: Buffer;
  readonly state: LedgerState;
  /** HTTP status of the last answer, where there was one. */
  readonly status: number | undefined;
  readonly attempts: number;
}

/** The durable memory of what was sent (design §5, Ledger). */
export interface Ledger {
  /** Claims all of them in one transaction, durable when it resolves; results in the order of the claims. */
  claim(claims: readonly Claim[]): Promise<readonly ClaimResult[]>;
  /** Records, in one transaction, how claims of ours ended. */
  settle(entries: readonly LedgerEntry[]): Promise<void>;
  /** Gives claims of ours back as if they had never been made: nothing of theirs was sent. Interrupted ones stay. */
  release(keys: readonly Buffer[]): Promise<void>;
  /** Gives claims of ours back of which something may have been sent: whoever claims them next finds them interrupted. */
  abandon(keys: readonly Buffer[]): Promise<void>;
  /** Whether no other owner can have taken us for ended, and our claims for interrupted: to be asked before each send. */
  readonly isWithinLease: boolean;
  /** How many conversions are noted. */
  count(): Promise<number>;
}

/** Records of a partition, from one offset to another, both included. */
export interface RecordRange {
  readonly topic: string;
  readonly partition: number;
  readonly firstOffset: number;
  readonly lastOffset: number;
}

/** Records at work on which earlier processes ended. */
export interface CrashedRange extends RecordRange {
  /** How many ended at work on just this range. */
  readonly crashes: number;
}

/**
 * The memory of what a process works on, in case that ends it: whatever a process leaves begun when it ends
 * counts as a crash at work on it. It has to outlive the process, not a power cut, and is quick accordingly.
 */
export interface WorkLog {
  /** This process now works on these records, and on nothing else. */
  begin(ranges: readonly RecordRange[]): Promise<void>;
  /** It has come through, and works on nothing. */
  end(): Promise<void>;
  /** Everything that processes which have ended were at work on then, unless it is forgotten. */
  crashed(): Promise<readonly CrashedRange[]>;
  /** Forgets the crashes on just these ranges. */
  forget(ranges: readonly RecordRange[]): Promise<void>;
}

/** How much a store holds. */
export interface StoreCounts {
  readonly clicks: number;
  readonly conversions: number;
}

/**
 * What has to outlive a process. Every call may throw UnavailableError: try it again later.
 * Hold the store itself for as long as a part of it is used: what keeps other processes out ends with it.
 */
export interface Store {
  readonly clicks: ClickStore;
  readonly ledger: Ledger;
  readonly workLog: WorkLog;
  close(): Promise<void>;
}
