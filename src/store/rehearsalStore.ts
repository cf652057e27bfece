import { readBothClicks } from './bothClicks.ts';
import { hashStore } from './hashedClicks.ts';
import { readClicks, readLedger } from './open.ts';
import { noFile, openSqliteStore } from './sqlite.ts';
import type { ClaimResult, Ledger, LedgerReader, NotedConversion, Store } from './store.ts';

/**
 * Opens the store that a setting names as `openStore` does, but for reading alone, also beside a connector that runs.
 * What is written is known to those that ask later, and is gone once the store is closed. Throws as `openStore`.
 */
export async function openRehearsalStore(setting: string, hashKey?: string): Promise<Store> {
  await using opening = new AsyncDisposableStack();
  const written = hashStore(openSqliteStore(noFile), hashKey);
  opening.defer(written.close);
  const clicks = await readClicks(setting, hashKey);
  opening.defer(async () => clicks?.close());
  const ledger = await readLedger(setting);
  opening.defer(async () => ledger?.close());
  const opened = opening.move();
  return {
    ...written,
    clicks: clicks ? readBothClicks(written.clicks, clicks) : written.clicks,
    ledger: ledger ? claimBeside(written.ledger, ledger.find) : written.ledger,
    close: () => opened.disposeAsync(),
  };
}

/** The ledger `own`, whose claims also heed what another one has noted. */
function claimBeside(own: Ledger, find: LedgerReader['find']): Ledger {
  return {
    ...own,
    async claim(claims, over) {
      const noted = await Promise.all(claims.map(({ key }) => find(key)));
      const results = await own.claim(claims, over);
      return results.map((result, index) => heed(noted[index], result));
    },
  };
}

function heed(noted: NotedConversion | undefined, own: ClaimResult): ClaimResult {
  if (noted === undefined) return own;
  if (noted.state !== 'claimed') return noted.state;
  if (!noted.isInterrupted) return 'elsewhere';
  return own === 'claimed' ? 'interrupted' : own;
}
