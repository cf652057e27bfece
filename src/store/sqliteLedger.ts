import type { DatabaseSync } from 'node:sqlite';
import { type Run, transactionIn } from './sqliteDatabase.ts';
import type { Claim, ClaimResult, Ledger, LedgerEntry, LedgerState } from './store.ts';

/** The ledger in an SQLite database, for the process that is this owner; everybody else has ended. */
export function openLedger(database: DatabaseSync, owner: string, run: Run): Ledger {
  const transaction = transactionIn(database, run);
  const insert = database.prepare(
    `INSERT INTO ledger (key, kind, state, owner, topic, partition, "offset", claimed_at)
     VALUES (?, ?, 'claimed', ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
  );
  const select = database.prepare('SELECT state, owner, interrupted FROM ledger WHERE key = ?');
  const takeOver = database.prepare(
    'UPDATE ledger SET owner = ?, claimed_at = ?, interrupted = 1 WHERE key = ?',
  );
  const claimAnew = database.prepare(
    "UPDATE ledger SET state = 'claimed', owner = ?, claimed_at = ?, interrupted = 0 WHERE key = ?",
  );
  const settle = database.prepare(
    'UPDATE ledger SET state = ?, status = ?, attempts = attempts + ?, settled_at = ? WHERE key = ?',
  );
  const release = database.prepare(
    "DELETE FROM ledger WHERE key = ? AND state = 'claimed' AND interrupted = 0",
  );
  const abandon = database.prepare(
    "UPDATE ledger SET interrupted = 1 WHERE key = ? AND state = 'claimed'",
  );
  const count = database.prepare('SELECT count(*) AS count FROM ledger');

  const claimOne = (
    { key, kind, topic, partition, offset }: Claim,
    over: readonly LedgerState[],
    now: number,
  ): ClaimResult => {
    if (insert.run(key, kind, owner, topic, partition, offset, now).changes > 0) return 'claimed';
    const known = select.get(key);
    if (known?.['state'] !== 'claimed') {
      const state = toLedgerState(String(known?.['state']));
      if (!over.includes(state)) return state;
      claimAnew.run(owner, now, key);
      return 'claimed';
    }
    if (known['owner'] === owner) return known['interrupted'] === 1 ? 'interrupted' : 'claimed';
    takeOver.run(owner, now, key);
    return 'interrupted';
  };
  return {
    claim: (claims, over = []) =>
      transaction(() => {
        const now = Date.now();
        return claims.map((claim) => claimOne(claim, over, now));
      }),
    settle: (entries: readonly LedgerEntry[]) =>
      transaction(() => {
        const now = Date.now();
        for (const { key, state, status, attempts } of entries) {
          settle.run(state, status ?? null, attempts, now, key);
        }
      }),
    release: (keys) =>
      transaction(() => {
        for (const key of keys) release.run(key);
      }),
    abandon: (keys) =>
      transaction(() => {
        for (const key of keys) abandon.run(key);
      }),
    // Nobody else can have the file open.
    isWithinLease: true,
    count: () => run(() => Number(count.get()?.['count'])),
  };
}

function toLedgerState(state: string): LedgerState {
  if (state === 'delivered' || state === 'rejected' || state === 'undeliverable') return state;
  throw new Error(`the ledger holds the unknown state "${state}"`);
}
