import { createHmac, createSecretKey } from 'node:crypto';
import type { Click, ClickStore, Ledger, Store } from './store.ts';

/** A user key as it is stored. */
export type HashUserKey = (userKey: string) => string;

/**
 * Hashes user keys by HMAC-SHA-256 with this key, as 43 characters of url-safe base64: all 256 bits, so no two user
 * keys meet, and with the longest click id (512) far below what an index entry takes (Postgres: 2,704 bytes).
 */
export function createUserKeyHash(hashKey: string): HashUserKey {
  const key = createSecretKey(hashKey, 'utf8');
  return (userKey) => createHmac('sha256', key).update(userKey, 'utf8').digest('base64url');
}

/** The same store for callers that know plain user keys only; without a key it gets to see those. */
export function hashStore(store: Store, hashKey: string | undefined): Store {
  if (hashKey === undefined) return store;
  const hash = createUserKeyHash(hashKey);
  return {
    ...store,
    clicks: hashClicks(store.clicks, hash),
    ledger: hashLedger(store.ledger, hash),
  };
}

/** The same clicks for callers that know plain user keys only, in a store that gets to see hashed ones only. */
function hashClicks(clicks: ClickStore, hash: HashUserKey): ClickStore {
  return { ...clicks, save: hashSaved(clicks.save, hash), find: hashFound(clicks.find, hash) };
}

/** Saving alone. */
export function hashSaved(save: ClickStore['save'], hash: HashUserKey): ClickStore['save'] {
  return (clicks) => save(clicks.map((click) => ({ ...click, userKey: hash(click.userKey) })));
}

/** Finding alone. */
export function hashFound(find: ClickStore['find'], hash: HashUserKey): ClickStore['find'] {
  return async (userKeys) => {
    const byHash = new Map(userKeys.map((userKey) => [hash(userKey), userKey]));
    const found = await find([...byHash.keys()]);
    const plain = new Map<string, readonly Click[]>();
    for (const [hashed, clicks] of found) {
      const userKey = byHash.get(hashed) ?? '';
      plain.set(
        userKey,
        clicks.map((click) => ({ ...click, userKey })),
      );
    }
    return plain;
  };
}

/** The same ledger for callers that know plain user keys only. What is read from it by its key shows hashed ones. */
function hashLedger(ledger: Ledger, hash: HashUserKey): Ledger {
  return {
    ...ledger,
    claim: (claims, over) =>
      ledger.claim(
        claims.map((claim) => {
          const { click } = claim;
          if (click?.userKey === undefined) return claim;
          return { ...claim, click: { ...click, userKey: hash(click.userKey) } };
        }),
        over,
      ),
  };
}
