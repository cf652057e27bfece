import { storedKey, storedTime } from './postgresClicks.ts';
import { estimateRows } from './postgresCount.ts';
import type { PostgresDatabase, Statement } from './postgresDatabase.ts';
import { isLiving, type Lease } from './postgresLease.ts';
import { type Claim, type ClaimResult, type Ledger, mostNotedAttempts } from './store.ts';

// Each statement takes its rows in the order of their keys, so that no two replicas wait for each other; and each may
// be made again when its answer was lost: it then finds its own work done. Rows go there as one JSON text: node-postgres
// writes arrays element by element, which costs several times as much.

/** $1 the owner, $2 the rows, $3 the states to claim over. A row that comes into being meanwhile is in no part of the result. */
const claim: Statement = {
  name: 'claim',
  text: `
  WITH wanted AS (
    SELECT place, decode(hex, 'hex') AS key, kind, topic, partition, "offset",
      click_hash, click_mask, click_at, user_key, trace_id
    FROM ROWS FROM (json_to_recordset($2) AS (
        hex text, kind text, topic text, partition integer, "offset" bigint,
        click_hash text, click_mask text, click_at bigint, user_key text, trace_id text
      )) WITH ORDINALITY AS wanted (hex, kind, topic, partition, "offset",
        click_hash, click_mask, click_at, user_key, trace_id, place)
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
    WHERE known.state = ANY($3)
      OR known.state = 'claimed' AND (known.owner = excluded.owner OR NOT ${isLiving('known.owner')})
    RETURNING key, interrupted
  )
  SELECT place, CASE WHEN interrupted THEN 'interrupted' ELSE 'claimed' END AS result FROM wanted JOIN taken USING (key)
  UNION ALL
  SELECT place,
    CASE WHEN known.state <> 'claimed' THEN known.state
         WHEN (known.topic, known.partition, known."offset") = (wanted.topic, wanted.partition, wanted."offset") THEN 'busy'
         ELSE 'elsewhere' END
  FROM wanted JOIN ledger known ON known.key = wanted.key
  WHERE NOT EXISTS (SELECT FROM taken WHERE taken.key = wanted.key)`,
};
/**
 * That it was delivered stands, whatever another owner, who took it over, has to say. $1 is unnested from an array, which
 * the planner takes for a short one: for many rows it would read all of a ledger that is small while it plans.
 */
const settle: Statement = {
  name: 'settle',
  text: `
  WITH ended AS (
    SELECT known.key, entry FROM unnest(ARRAY(SELECT jsonb_array_elements($1))) AS entry
      JOIN ledger known ON known.key = decode(entry->>'key', 'hex')
    ORDER BY known.key FOR UPDATE OF known
  )
  UPDATE ledger AS known
  SET state = entry->>'state', status = (entry->>'status')::integer,
      attempts = known.attempts + (entry->>'attempts')::integer,
      settled_at = clock_timestamp(), reason = entry->>'reason',
      history = jsonb_path_query_array(
        coalesce(known.history, '[]') || (entry->'history'), '$[last - ${mostNotedAttempts - 1} to last]')
  FROM ended
  WHERE known.key = ended.key AND
    (known.state = 'claimed' OR entry->>'state' = 'delivered' AND known.state <> 'delivered')`,
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
        JSON.stringify(claims.map(toRow)),
        over,
      ]);
      // One that came into being meanwhile is another owner's.
      const answers = claims.map((): ClaimResult => 'busy');
      for (const row of rows) answers[Number(row['place']) - 1] = toResult(String(row['result']));
      return answers;
    },
    async settle(entries) {
      if (entries.length === 0) return;
      const rows = entries.map(({ key, history = [], ...entry }) => ({
        ...entry,
        ...{ key: key.toString('hex'), history },
      }));
      await database.run(settle, [JSON.stringify(rows)]);
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

function toRow({ key, kind, topic, partition, offset, click, traceId }: Claim) {
  return {
    ...{ hex: key.toString('hex'), kind, topic, partition, offset },
    ...{ click_hash: click?.hash, click_mask: click?.mask },
    click_at: click && storedTime(click.at),
    user_key: click?.userKey && storedKey(click.userKey),
    trace_id: traceId,
  };
}
