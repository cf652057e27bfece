import { storedKey, storedTime } from './postgresClicks.ts';
import { estimateRows } from './postgresCount.ts';
import type { PostgresDatabase, Statement } from './postgresDatabase.ts';
import { isLiving, type Lease } from './postgresLease.ts';
import { type ClaimResult, type Ledger, mostNotedAttempts } from './store.ts';

// Each statement takes its rows in the order of their keys, so that no two replicas wait for each other; and each may
// be made again when its answer was lost: it then finds its own work done.

/** $1 the owner; then an array for each column; $12 the states to claim over. A row that comes into being meanwhile is in no part of the result. */
const claim: Statement = {
  name: 'claim',
  text: `
  WITH wanted AS (
    SELECT * FROM unnest($2::bytea[], $3::text[], $4::text[], $5::integer[], $6::bigint[],
        $7::text[], $8::text[], $9::bigint[], $10::text[], $11::text[])
      AS wanted (key, kind, topic, partition, "offset", click_hash, click_mask, click_at, user_key, trace_id)
  ), taken AS (
    INSERT INTO ledger AS known (key, kind, state, owner, topic, partition, "offset", claimed_at,
      click_hash, click_mask, click_at, user_key, trace_id)
    SELECT key, kind, 'claimed', $1, topic, partition, "offset", clock_timestamp(),
      click_hash, click_mask, click_at, user_key, trace_id FROM wanted ORDER BY key
    ON CONFLICT (key) DO UPDATE SET
      state = 'claimed',
      interrupted = known.state = 'claimed' AND (known.interrupted OR known.owner <> excluded.owner),
      owner = excluded.owner, topic = excluded.topic, partition = excluded.partition, "offset" = excluded."offset",
      claimed_at = excluded.claimed_at, click_hash = excluded.click_hash, click_mask = excluded.click_mask,
      click_at = excluded.click_at, user_key = excluded.user_key, trace_id = excluded.trace_id
    WHERE known.state = ANY($12)
      OR known.state = 'claimed' AND (known.owner = excluded.owner OR NOT ${isLiving('known.owner')})
    RETURNING key, interrupted
  )
  SELECT key, CASE WHEN interrupted THEN 'interrupted' ELSE 'claimed' END AS result FROM taken
  UNION ALL
  SELECT wanted.key,
    CASE WHEN known.state <> 'claimed' THEN known.state
         WHEN (known.topic, known.partition, known."offset") = (wanted.topic, wanted.partition, wanted."offset") THEN 'busy'
         ELSE 'elsewhere' END
  FROM wanted JOIN ledger known ON known.key = wanted.key
  WHERE NOT EXISTS (SELECT FROM taken WHERE taken.key = wanted.key)`,
};
/** That it was delivered stands, whatever another owner, who took it over, has to say. */
const settle: Statement = {
  name: 'settle',
  text: `
  WITH ended AS (
    SELECT known.key, ended.state, ended.status, ended.attempts, ended.reason, ended.history
    FROM unnest($1::bytea[], $2::text[], $3::integer[], $4::integer[], $5::text[], $6::jsonb[])
        AS ended (key, state, status, attempts, reason, history)
      JOIN ledger known ON known.key = ended.key
    ORDER BY known.key FOR UPDATE OF known
  )
  UPDATE ledger AS known
  SET state = ended.state, status = ended.status, attempts = known.attempts + ended.attempts,
      settled_at = clock_timestamp(), reason = ended.reason,
      history = jsonb_path_query_array(
        coalesce(known.history, '[]') || ended.history, '$[last - ${mostNotedAttempts - 1} to last]')
  FROM ended
  WHERE known.key = ended.key AND
    (known.state = 'claimed' OR ended.state = 'delivered' AND known.state <> 'delivered')`,
};
const release: Statement = {
  name: 'release',
  text: `
  WITH locked AS (
    SELECT key FROM ledger
    WHERE key = ANY($1::bytea[]) AND owner = $2 AND state = 'claimed' AND NOT interrupted ORDER BY key FOR UPDATE
  )
  DELETE FROM ledger USING locked WHERE ledger.key = locked.key`,
};
/** The nil UUID is nobody's, so the next who claims it takes it over. */
const abandon: Statement = {
  name: 'abandon',
  text: `
  WITH locked AS (
    SELECT key FROM ledger WHERE key = ANY($1::bytea[]) AND owner = $2 AND state = 'claimed' ORDER BY key FOR UPDATE
  )
  UPDATE ledger SET owner = '00000000-0000-0000-0000-000000000000', interrupted = true
  FROM locked WHERE ledger.key = locked.key`,
};

/**
 * By the index on claimed_at: one on settled_at would cost every settle. What another replica forgets is passed over,
 * not waited for.
 */
const purge: Statement = {
  name: 'purge-ledger',
  text: `DELETE FROM ledger WHERE ctid = ANY(ARRAY(
           SELECT ctid FROM ledger
           WHERE claimed_at < to_timestamp($1 / 1000.0) AND settled_at < to_timestamp($1 / 1000.0)
           ORDER BY claimed_at LIMIT $2 FOR UPDATE SKIP LOCKED))`,
};

/** The ledger in a Postgres database, of the owner that has the lease. */
export function openPostgresLedger(database: PostgresDatabase, lease: Lease): Ledger {
  return {
    isWithinLease() {
      return lease.isHeld;
    },
    async claim(claims, over = []) {
      if (claims.length === 0) return [];
      const { rows } = await database.run(claim, [
        lease.owner,
        claims.map(({ key }) => key),
        claims.map(({ kind }) => kind),
        claims.map(({ topic }) => topic),
        claims.map(({ partition }) => partition),
        claims.map(({ offset }) => offset),
        claims.map(({ click }) => click?.hash),
        claims.map(({ click }) => click?.mask),
        claims.map(({ click }) => click && storedTime(click.at)),
        claims.map(({ click }) => click?.userKey && storedKey(click.userKey)),
        claims.map(({ traceId }) => traceId),
        over,
      ]);
      const results = new Map(
        rows.map((row) => [hexOf(row['key']), toResult(String(row['result']))]),
      );
      // One that came into being meanwhile is another owner's.
      return claims.map(({ key }) => results.get(hexOf(key)) ?? 'busy');
    },
    async settle(entries) {
      if (entries.length === 0) return;
      await database.run(settle, [
        entries.map(({ key }) => key),
        entries.map(({ state }) => state),
        entries.map(({ status }) => status ?? null),
        entries.map(({ attempts }) => attempts),
        entries.map(({ reason }) => reason),
        entries.map(({ history = [] }) => JSON.stringify(history)),
      ]);
    },
    async release(keys) {
      if (keys.length > 0) await database.run(release, [keys, lease.owner]);
    },
    async abandon(keys) {
      if (keys.length > 0) await database.run(abandon, [keys, lease.owner]);
    },
    async purge(before, limit) {
      const { rowCount } = await database.run(purge, [Math.trunc(before), limit]);
      return rowCount ?? 0;
    },
    count: () => estimateRows(database, 'ledger'),
  };
}

const results: ReadonlySet<string> = new Set<ClaimResult>([
  ...(['claimed', 'interrupted', 'busy', 'elsewhere'] as const),
  ...(['delivered', 'rejected', 'undeliverable'] as const),
]);

function toResult(result: string): ClaimResult {
  if (results.has(result)) return result as ClaimResult;
  throw new Error(`the ledger holds the unknown state "${result}"`);
}

function hexOf(key: unknown): string {
  return (key as Buffer).toString('hex');
}
