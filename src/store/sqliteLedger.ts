import type { DatabaseSync } from 'node:sqlite';
import { readHistory } from './conversionRow.ts';
import { type Run, transactionIn } from './sqliteDatabase.ts';
import {
  type Claim,
  type ClaimResult,
  type Ledger,
  type LedgerEntry,
  type LedgerState,
  mostNotedAttempts,
} from './store.ts';

/** The ledger in an SQLite database, for the process that is this owner; everybody else has ended. */
export function openLedger(database: DatabaseSync, owner: string, run: Run): Ledger {
  const transaction = transactionIn(database, run);
  const insert = database.prepare(
    `INSERT INTO ledger (key, kind, state, owner, topic, partition, "offset", claimed_at, ${noteColumns})
     VALUES (?, ?, 'claimed', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
  );
  const select = database.prepare('SELECT state, owner, interrupted FROM ledger WHERE key = ?');
  const takeOver = database.prepare(
    `UPDATE ledger SET owner = ?, claimed_at = ?, interrupted = 1, topic = ?, partition = ?, "offset" = ?,
       (${noteColumns}) = (?, ?, ?, ?, ?) WHERE key = ?`,
  );
  const claimAnew = database.prepare(
    `UPDATE ledger SET state = 'claimed', owner = ?, claimed_at = ?, interrupted = 0, topic = ?, partition = ?, "offset" = ?,
       (${noteColumns}) = (?, ?, ?, ?, ?) WHERE key = ?`,
  );
  const selectHistory = database.prepare('SELECT history FROM ledger WHERE key = ?');
  const settle = database.prepare(
    `UPDATE ledger SET state = ?, status = ?, attempts = attempts + ?, settled_at = ?, reason = ?, history = ?
     WHERE key = ?`,
  );
  const release = database.prepare(
    "DELETE FROM ledger WHERE key = ? AND state = 'claimed' AND interrupted = 0",
  );
  const abandon = database.prepare(
    "UPDATE ledger SET interrupted = 1 WHERE key = ? AND state = 'claimed'",
  );
  // By the index on claimed_at: one on settled_at would cost every settle.
  const purge = database.prepare(
    `DELETE FROM ledger WHERE key IN
       (SELECT key FROM ledger WHERE claimed_at < ?1 AND settled_at < ?1 ORDER BY claimed_at LIMIT ?2)`,
  );
  const count = database.prepare('SELECT count(*) AS count FROM ledger');

  const claimOne = (claim: Claim, over: readonly LedgerState[], now: number): ClaimResult => {
    const { key, kind, topic, partition, offset } = claim;
    const notes = notesOf(claim);
    const inserted = insert.run(key, kind, owner, topic, partition, offset, now, ...notes);
    if (inserted.changes > 0) return 'claimed';
    const known = select.get(key);
    if (known?.['state'] !== 'claimed') {
      const state = toLedgerState(String(known?.['state']));
      if (!over.includes(state)) return state;
      claimAnew.run(owner, now, topic, partition, offset, ...notes, key);
      return 'claimed';
    }
    if (known['owner'] === owner) return known['interrupted'] === 1 ? 'interrupted' : 'claimed';
    takeOver.run(owner, now, topic, partition, offset, ...notes, key);
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
        for (const { key, state, status, attempts, reason, history = [] } of entries) {
          const known = selectHistory.get(key)?.['history'];
          const all = [...readHistory(known), ...history].slice(-mostNotedAttempts);
          const ended = [reason ?? null, JSON.stringify(all)];
          settle.run(state, status ?? null, attempts, now, ...ended, key);
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
    purge: (before, limit) => run(() => Number(purge.run(before, limit).changes)),
    // Nobody else can have the file open.
    isWithinLease: () => true,
    count: () => run(() => Number(count.get()?.['count'])),
  };
}

const noteColumns = 'click_hash, click_mask, click_at, user_key, trace_id';

function notesOf({ click, traceId }: Claim): (string | number | null)[] {
  const { hash, mask, at, userKey } = click ?? {};
  return [hash ?? null, mask ?? null, at ?? null, userKey ?? null, traceId ?? null];
}

function toLedgerState(state: string): LedgerState {
  if (state === 'delivered' || state === 'rejected' || state === 'undeliverable') return state;
  throw new Error(`the ledger holds the unknown state "${state}"`);
}
