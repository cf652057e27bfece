import { randomUUID } from 'node:crypto';
import type { PostgresDatabase, Statement } from './postgresDatabase.ts';

/** For how long an owner lives on without a word, in seconds, by the clock of the database. */
const leaseTime = 15;
const renewalInterval = 5_000;
/** After a renewal that has failed. */
const retryInterval = 500;
/** By how much our clock may run slower than that of the database until the next renewal, in milliseconds. */
const clockMargin = 1_000;

/**
 * In SQL, whether the owner whose id stands in a column lives. While the database was down nobody could renew, so
 * after its start each has time to.
 */
export const isLiving = (column: string) =>
  `EXISTS (SELECT FROM owner WHERE owner.id = ${column} AND
    greatest(owner.lease_until, pg_postmaster_start_time() + interval '${leaseTime} seconds') > clock_timestamp())`;

const renew: Statement = {
  name: 'renew-lease',
  text: `INSERT INTO owner (id, lease_until) VALUES ($1, clock_timestamp() + interval '${leaseTime} seconds')
         ON CONFLICT (id) DO UPDATE SET lease_until = excluded.lease_until`,
};
const end: Statement = { name: 'end-lease', text: 'DELETE FROM owner WHERE id = $1' };
/** Whoever is missing does not live either; an hour later nobody looks at its row any more. */
const forgetEnded: Statement = {
  name: 'forget-ended-owners',
  text: "DELETE FROM owner WHERE lease_until < clock_timestamp() - interval '1 hour'",
};

/** This process as the owner of claims, for as long as it says so again and again. */
export interface Lease {
  readonly owner: string;
  /** Whether nobody can have taken this owner for ended by now. */
  readonly isHeld: boolean;
  /** Ends it at once: what was claimed is free for others. */
  end(): Promise<void>;
}

/** Takes a lease and renews it in the background until it is ended. */
export async function takeLease(database: PostgresDatabase): Promise<Lease> {
  const owner = randomUUID();
  let renewedAt = now();
  let timer: NodeJS.Timeout | undefined;
  let isEnded = false;
  const renewOnce = async () => {
    const askedAt = now();
    await database.run(renew, [owner]);
    renewedAt = askedAt;
  };
  const renewLater = (delay: number) => {
    if (isEnded) return;
    timer = setTimeout(() => {
      // Why it fails is told by those who need the database; that it does shows in isHeld.
      renewOnce().then(
        () => renewLater(renewalInterval),
        () => renewLater(retryInterval),
      );
    }, delay);
    timer.unref();
  };
  await renewOnce();
  await database.run(forgetEnded, []);
  renewLater(renewalInterval);
  return {
    owner,
    get isHeld() {
      return !isEnded && since(renewedAt) < leaseTime * 1_000 - clockMargin;
    },
    async end() {
      isEnded = true;
      clearTimeout(timer);
      await database.run(end, [owner]);
    },
  };
}

/** By the clock that nobody sets, and by the one that goes on while the machine is suspended. */
function now(): readonly [number, number] {
  return [performance.now(), Date.now()];
}

function since([steady, wall]: readonly [number, number]): number {
  return Math.max(performance.now() - steady, Date.now() - wall);
}
