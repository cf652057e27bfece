import type { People, PersonRows } from './store.ts';

/** With more, they are not one person's: a click id that many share, such as one of a load test. */
const mostUserKeys = 1_000;
/** Rows that are looked at; of a person with more, nothing is removed. */
export const mostPersonRows = 20_000;

/** By what the rows of a person are found; user keys as they are stored. */
export interface PersonKeys {
  readonly userKeys: readonly string[];
  readonly clickIds: readonly string[];
  readonly clickHashes: readonly string[];
}

/** The tables of a database; rows that have one of the keys given, `mostPersonRows` at most. */
export interface PersonTables {
  /** A user key as it is stored. */
  storedKey(userKey: string): string;
  clicks(keys: PersonKeys): Promise<readonly { userKey: string; clickId: string }[]>;
  conversions(
    keys: PersonKeys,
  ): Promise<readonly { userKey: string | undefined; clickHash: string | undefined }[]>;
  /** Removes such clicks, and makes such conversions anonymous: all or nothing. Says how many. */
  forget(keys: PersonKeys): Promise<Pick<PersonRows, 'clicks' | 'conversions'>>;
}

/** The people in these tables. `hashClickId` gives the hash by which the ledger knows a click. */
export function createPeople(
  tables: PersonTables,
  hashClickId: (clickId: string) => string,
): Omit<People, 'close'> {
  /** Follows the links in both directions, from user keys to clicks and back, until nothing new is found. */
  async function follow(userKey: string) {
    let keys: PersonKeys = {
      userKeys: [tables.storedKey(userKey)],
      ...{ clickIds: [], clickHashes: [] },
    };
    for (;;) {
      const clicks = await tables.clicks(keys);
      const conversions = await tables.conversions(keys);
      const userKeys = [...clicks, ...conversions].flatMap((row) => row.userKey ?? []);
      const clickIds = clicks.map(({ clickId }) => clickId);
      const noted = conversions.flatMap(({ clickHash }) => clickHash ?? []);
      const found: PersonKeys = {
        userKeys: distinct(keys.userKeys, userKeys),
        clickIds: distinct(keys.clickIds, clickIds),
        clickHashes: distinct(keys.clickHashes, [...clickIds.map(hashClickId), ...noted]),
      };
      failIfMany(found.userKeys.length, Math.max(clicks.length, conversions.length));
      if (sizeOf(found) === sizeOf(keys)) {
        const counts = { clicks: clicks.length, conversions: conversions.length };
        return { keys, rows: { userKeys: new Set(userKeys).size, ...counts } };
      }
      keys = found;
    }
  }

  return {
    async find(userKey) {
      return (await follow(userKey)).rows;
    },
    async forget(userKey) {
      const { keys, rows } = await follow(userKey);
      return { ...rows, ...(await tables.forget(keys)) };
    },
  };
}

function distinct(known: readonly string[], found: readonly string[]): readonly string[] {
  return [...new Set([...known, ...found])];
}

function sizeOf({ userKeys, clickIds, clickHashes }: PersonKeys): number {
  return userKeys.length + clickIds.length + clickHashes.length;
}

function failIfMany(userKeys: number, rows: number): void {
  const what =
    userKeys > mostUserKeys
      ? `more than ${mostUserKeys} user keys`
      : rows >= mostPersonRows && `${mostPersonRows} rows or more`;
  if (what) {
    throw new Error(
      `${what} are linked with this user key by the clicks that they share, too many for one person; nothing was removed`,
    );
  }
}
