import type { LoadedConfig } from '../config/load.ts';
import { readSchemas } from '../parts.ts';
import type { RehearsalParts } from '../pipeline/rehearsal.ts';
import { openSources } from '../sources.ts';
import { findInAll } from '../store/bothClicks.ts';
import { openClickTable } from '../store/clickTable.ts';
import { readClicks } from '../store/open.ts';
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
  const finds = [own, table].flatMap((reader) => reader?.find ?? []);
  return { config, source, schemas: readSchemas(loaded), findClicks: findInAll(finds) };
}
