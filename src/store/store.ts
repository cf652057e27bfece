import type { HashKeyNote } from './hashKey.ts';

/** A Powerspace click and one user key that it belongs to. */
export interface Click {
  /** Any identifier of a person in events: user id, visitor id, cart id. */
  readonly userKey: string;
  readonly clickId: string;
  /** When the person clicked, in milliseconds since the Unix epoch. */
  readonly at: number;
  /** When an event linked the user key to the click, where that was later: for what happened before, it is not theirs. */
  readonly linkedAt?: number;
}

/** The clicks that are known, by user key. */
export interface ClickStore {
  /** Stores clicks durably; of one that is there already the earlier times count, whichever came first. */
  save(clicks: readonly Click[]): Promise<void>;
  /** Every click of these user keys, in one round trip; keys may be repeated, and those without a click are absent. */
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

/** The click of a conversion as the ledger keeps it: enough to find it again, not enough to use it. */
export interface NotedClick {
  /** The short hash that traces and log have. */
  readonly hash: string;
  readonly mask: string;
  /** When the person clicked, in milliseconds since the Unix epoch. */
  readonly at: number;
  /** The user key that it was found under; of an event that carries it, the event's own, if any. */
  readonly userKey: string | undefined;
}

/** One HTTP request of a conversion. */
export interface NotedAttempt {
  /** When it began, in milliseconds since the Unix epoch. */
  readonly at: number;
  /** The HTTP status, or the code of what failed, such as `ECONNREFUSED`. */
  readonly answer: number | string;
  /** What the answer means, in one word. */
  readonly class: string;
  /** How long it took. */
  readonly milliseconds: number;
}

/** Attempts of a conversion that are kept; of more, the last. */
export const mostNotedAttempts = 20;

/** What the ledger notes before a conversion is sent. */
export interface Claim {
  /** SHA-256 of network, kind and the conversion's id. */
  readonly key: Buffer;
  readonly kind: 'lead' | 'order';
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly click?: NotedClick;
  readonly traceId?: string | undefined;
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
  /** Why it was not delivered, in one word. */
  readonly reason?: string | undefined;
  /** The attempts themselves, or the last of them. */
  readonly history?: readonly NotedAttempt[];
}

/** All that the ledger knows of a conversion. What an older version has noted lacks click, trace, reason and history. */
export interface NotedConversion {
  readonly kind: 'lead' | 'order';
  readonly state: 'claimed' | LedgerState;
  /** Whether an owner that has ended, or has abandoned it, may have sent it. */
  readonly isInterrupted: boolean;
  /** The record that it was claimed for. */
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Undefined, too, once the person is forgotten. */
  readonly click: NotedClick | undefined;
  readonly traceId: string | undefined;
  readonly reason: string | undefined;
  readonly status: number | undefined;
  /** How many attempts there were in all, and the last of them (`mostNotedAttempts`). */
  readonly attempts: number;
  readonly history: readonly NotedAttempt[];
  /** Milliseconds since the Unix epoch. */
  readonly claimedAt: number;
  readonly settledAt: number | undefined;
}

/** The ledger of a store, for reading alone. */
export interface LedgerReader {
  /** What is noted under a key of `Claim`. */
  find(key: Buffer): Promise<NotedConversion | undefined>;
  close(): Promise<void>;
}

/** What a store holds of a person, in rows. */
export interface PersonRows {
  /** The user keys that the person is known by. */
  readonly userKeys: number;
  readonly clicks: number;
  /** Conversions in the ledger that point to the person. */
  readonly conversions: number;
}

/** A person, by all that is linked with a user key. */
export interface Person {
  readonly rows: PersonRows;
  /**
   * Removes the person's clicks, and from the ledger whatever points to the person; what remains there keeps the
   * conversions from being sent again. All or nothing; says what it did.
   */
  forget(): Promise<PersonRows>;
}

/** The people in a store: whoever shares a click with a user key is the same person. */
export interface People {
  /**
   * The person with this user key, also one of whom nothing is stored. Looks through everything, which may take a
   * while and holds nobody up. Throws when more is linked than can be one person's.
   */
  find(userKey: string): Promise<Person>;
  close(): Promise<void>;
}

/** The durable memory of what was sent (design §5, Ledger). */
export interface Ledger {
  /**
   * Claims all of them in one transaction, durable when it resolves; results in the order of the claims. What has
   * ended in one of the states `over` is claimed anew.
   */
  claim(claims: readonly Claim[], over?: readonly LedgerState[]): Promise<readonly ClaimResult[]>;
  /** Records, in one transaction, how claims of ours ended. */
  settle(entries: readonly LedgerEntry[]): Promise<void>;
  /** Gives claims of ours back as if they had never been made: nothing of theirs was sent. Interrupted ones stay. */
  release(keys: readonly Buffer[]): Promise<void>;
  /** Gives claims of ours back of which something may have been sent: whoever claims them next finds them interrupted. */
  abandon(keys: readonly Buffer[]): Promise<void>;
  /** Whether no other owner can have taken us for ended, and our claims for interrupted: to be asked before each send. */
  isWithinLease(): boolean;
  /**
   * Forgets up to `limit` conversions that were claimed and ended before a time (milliseconds), and says how many:
   * from then on each would be sent again. What has not ended stays.
   */
  purge(before: number, limit: number): Promise<number>;
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

/** A store as its database has it: user keys are stored as they are given. */
export interface BareStore extends Store {
  readonly hashKeyNote: HashKeyNote;
}

/** The same of a part of it. */
export type Bare<Part> = Part & Pick<BareStore, 'hashKeyNote'>;
