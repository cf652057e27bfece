import type { LoadedConfig } from '../config/load.ts';
import type { SourceRecord } from '../kafka/partition.ts';
import { createRehearsal, type Rehearsed } from '../pipeline/rehearsal.ts';
import { readLedger } from '../store/open.ts';
import type { Logger } from '../telemetry/log.ts';
import { openRehearsalParts } from './rehearsalParts.ts';
import { countOutcomes, formatRehearsal } from './rehearsalTable.ts';

/** Records that are taken through the steps at once. */
const chunkSize = 500;

/**
 * Says what a replay would make of these records: nothing is claimed, sent or stored, so that it works beside a connector
 * that runs. What the ledger has as delivered is a duplicate, and so is what is claimed: that is left to its owner. 1 when
 * any would be a dead letter again, as of the replay itself. Throws UnavailableError and ConfigurationError.
 */
export async function rehearseReplay(
  records: AsyncIterable<SourceRecord>,
  { loaded, log }: { readonly loaded: LoadedConfig; readonly log: Logger },
  json: boolean | undefined,
): Promise<number> {
  await using opened = new AsyncDisposableStack();
  const parts = await openRehearsalParts({ loaded, log }, opened);
  const ledger = await readLedger(loaded.config.store);
  opened.defer(async () => ledger?.close());
  const findConversion = ledger?.find ?? (async () => undefined);
  const rehearsal = createRehearsal({ ...parts, findConversion });
  const rehearsed: Rehearsed[] = [];
  for await (const chunk of inChunks(records)) rehearsed.push(...(await rehearsal(chunk)));
  const title = 'What a replay would make of them. Nothing was sent, stored or committed.';
  const text = json
    ? JSON.stringify({ rehearsed, counts: countOutcomes(rehearsed) })
    : formatRehearsal(title, rehearsed).join('\n');
  process.stdout.write(`${text}\n`);
  return rehearsed.some(({ outcome }) => outcome === 'dead-lettered') ? 1 : 0;
}

async function* inChunks(
  records: AsyncIterable<SourceRecord>,
): AsyncGenerator<readonly SourceRecord[]> {
  let chunk: SourceRecord[] = [];
  for await (const record of records) {
    chunk.push(record);
    if (chunk.length < chunkSize) continue;
    yield chunk;
    chunk = [];
  }
  yield chunk;
}
