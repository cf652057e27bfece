import type { LoadedConfig } from '../config/load.ts';
import { readSchemas } from '../parts.ts';
import type { RehearsalParts } from '../pipeline/rehearsal.ts';
import { openSources } from '../sources.ts';
import { openClickTable } from '../store/clickTable.ts';
import { earliestClicks } from '../store/earliestClicks.ts';
import { readClicks } from '../store/open.ts';
import type { ClickReader } from '../store/store.ts';
import type { Logger } from '../telemetry/log.ts';

/**
 * Opens, for reading alone, what a rehearsal needs beside records and ledger, and notes in `opened` how to close it. A
 * store that is not there yet has no clicks. Throws UnavailableError and ConfigurationError.
 */
export async function openRehearsalParts(
  { loaded, log }: { readonly loaded: LoadedConfig; readonly log: Logger },
  opened: AsyncDisposableStack,
): Promise<Omit<RehearsalParts, 'findConversion'>> {
  const { config } = loaded;
  const { source } = await openSources(config, { cache: undefined, log }, opened);
  const own = await readClicks(config.store, config.privacy.hashKey);
  opened.defer(async () => own?.close());
  const table = config.clicks.table && (await openClickTable(config.clicks.table));
  opened.defer(async () => table?.close());
  const readers = [own, table].filter((reader) => reader !== undefined);
  return { config, source, schemas: readSchemas(loaded), findClicks: findInAll(readers) };
}

/** The clicks that the readers have; of one that several have the earliest time counts. */
function findInAll(readers: readonly ClickReader[]): ClickReader['find'] {
  return async (userKeys) => {
    const found = await Promise.all(readers.map((reader) => reader.find(userKeys)));
    const all = userKeys.map(
      (userKey) => [userKey, found.flatMap((each) => each.get(userKey) ?? [])] as const,
    );
    const known = all.filter(([, clicks]) => clicks.length > 0);
    return new Map(known.map(([userKey, clicks]) => [userKey, earliestClicks(clicks)]));
  };
}
