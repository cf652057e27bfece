import type { LoadedConfig } from '../config/load.ts';
import { readSchemas } from '../parts.ts';
import type { RehearsalParts } from '../pipeline/rehearsal.ts';
import { openSources } from '../sources.ts';
import { withClickTable } from '../store/bothClicks.ts';
import { openRehearsalStore } from '../store/rehearsalStore.ts';
import type { Logger } from '../telemetry/log.ts';

/**
 * Opens what a rehearsal needs beside records and ledger, and notes in `opened` how to close it. Nothing is written to
 * what is there; a store that is not there yet has no clicks. Throws UnavailableError and ConfigurationError.
 */
export async function openRehearsalParts(
  { loaded, log }: { readonly loaded: LoadedConfig; readonly log: Logger },
  opened: AsyncDisposableStack,
): Promise<Omit<RehearsalParts, 'findConversion'>> {
  const { config } = loaded;
  const { source } = await openSources(config, { cache: undefined, log }, opened);
  const { clicks: own, close } = await openRehearsalStore(config.store, config.privacy.hashKey);
  opened.defer(close);
  const clicks = await withClickTable(own, config.clicks.table, opened);
  return { config, source, schemas: readSchemas(loaded), clicks };
}
