import type { People, Person, PersonRows } from './store.ts';

/** With more, they are not one person's: a click id that many share, such as one of a load test. */
const mostUserKeys = 1_000;
/** Rows that are looked at; of a person with more, nothing is removed. */
export const mostPersonRows = 20_000;

interface ClickRow {
  readonly userKey: string;
  readonly clickId: string;
}

interface ConversionRow {
  readonly key: Buffer;
  readonly userKey: string | undefined;
  readonly clickHash: string | undefined;
}

/**
 * The tables of a database, `mostPersonRows` rows of them at most; user keys as they are stored. Only clicks have an
 * index, by user key: people are forgotten rarely, and another would slow down whatever is stored.
 */
export interface PersonTables {
  /** A user key as it is stored. */
  storedKey(userKey: string): string;
  clicksOfKeys(userKeys: readonly string[]): Promise<readonly ClickRow[]>;
  /** Looks through all clicks. */
  clicksOfIds(clickIds: readonly string[]): Promise<readonly ClickRow[]>;
  /** Those with one of these user keys or click hashes; looks through the whole ledger. */
  conversions(
    userKeys: readonly string[],
    clickHashes: readonly string[],
  ): Promise<readonly ConversionRow[]>;
  /** Removes the clicks of these user keys, and makes these conversions anonymous: all or nothing. Says how many. */
  forget(
    userKeys: readonly string[],
    ledgerKeys: readonly Buffer[],
  ): Promise<Pick<PersonRows, 'clicks' | 'conversions'>>;
}

/** The people in these tables. `hashClickId` gives the hash by which the ledger knows a click. */
export function createPeople(
  tables: PersonTables,
  hashClickId: (clickId: string) => string,
): Omit<People, 'close'> {
  return {
    async find(userKey) {
      const links = new Links(tables, hashClickId);
      await links.follow(tables.storedKey(userKey));
      return links.person;
    },
  };
}

/** What is linked with a user key: clicks by the keys that they have, keys by the clicks that they share. */
class Links {
  readonly #tables: PersonTables;
  readonly #hashClickId: (clickId: string) => string;
  readonly #userKeys = new Set<string>();
  readonly #clickIds = new Set<string>();
  readonly #clickHashes = new Set<string>();
  readonly #clicks = new Map<string, ClickRow>();
  readonly #conversions = new Map<string, ConversionRow>();

  constructor(tables: PersonTables, hashClickId: (clickId: string) => string) {
    this.#tables = tables;
    this.#hashClickId = hashClickId;
  }

  get person(): Person {
    const [clicks, conversions] = [[...this.#clicks.values()], [...this.#conversions.values()]];
    const known = new Set([...clicks, ...conversions].flatMap(({ userKey }) => userKey ?? []));
    const rows = { userKeys: known.size, clicks: clicks.length, conversions: conversions.length };
    return {
      rows,
      forget: async () => {
        const ledgerKeys = conversions.map(({ key }) => key);
        return { ...rows, ...(await this.#tables.forget([...this.#userKeys], ledgerKeys)) };
      },
    };
  }

  /** Goes on in both directions until nothing new is found. */
  async follow(userKey: string): Promise<void> {
    for (let found = [userKey], hashes = 0; found.length > 0 || hashes > 0; ) {
      await this.#followClicks(found);
      const before = this.#clickHashes.size;
      found = await this.#followLedger();
      hashes = this.#clickHashes.size - before;
    }
  }

  async #followClicks(found: readonly string[]): Promise<void> {
    const { clicksOfKeys, clicksOfIds } = this.#tables;
    for (let userKeys = this.#newKeys(found); userKeys.length > 0; ) {
      const clickIds = this.#add(await clicksOfKeys(userKeys));
      const sharing = clickIds.length === 0 ? [] : await clicksOfIds(clickIds);
      userKeys = this.#newKeys(sharing.map((click) => click.userKey));
      this.#add(sharing);
    }
  }

  /** Returns the user keys that it has found, of which some may be new. */
  async #followLedger(): Promise<string[]> {
    const conversions = await this.#tables.conversions([...this.#userKeys], [...this.#clickHashes]);
    for (const conversion of conversions) {
      this.#conversions.set(conversion.key.toString('hex'), conversion);
      if (conversion.clickHash !== undefined) this.#clickHashes.add(conversion.clickHash);
    }
    failIf(conversions.length >= mostPersonRows, `${mostPersonRows} conversions or more`);
    const userKeys = conversions.flatMap((conversion) => conversion.userKey ?? []);
    return [...new Set(userKeys)].filter((userKey) => !this.#userKeys.has(userKey));
  }

  #newKeys(userKeys: readonly string[]): readonly string[] {
    const fresh = [...new Set(userKeys)].filter((userKey) => !this.#userKeys.has(userKey));
    for (const userKey of fresh) this.#userKeys.add(userKey);
    failIf(this.#userKeys.size > mostUserKeys, `more than ${mostUserKeys} user keys`);
    return fresh;
  }

  /** Returns the click ids that are new. */
  #add(clicks: readonly ClickRow[]): readonly string[] {
    const before = this.#clickIds.size;
    for (const click of clicks) {
      this.#clicks.set(JSON.stringify([click.userKey, click.clickId]), click);
      this.#clickIds.add(click.clickId);
      this.#clickHashes.add(this.#hashClickId(click.clickId));
    }
    failIf(clicks.length >= mostPersonRows, `${mostPersonRows} clicks or more`);
    return [...this.#clickIds].slice(before);
  }
}

function failIf(isTooMuch: boolean, what: string): void {
  if (!isTooMuch) return;
  throw new Error(
    `${what} are linked with this user key by the clicks that they share, too many for one person; nothing was removed`,
  );
}
