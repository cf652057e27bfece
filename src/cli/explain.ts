import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { ledgerKey, ledgerKeyOfRecord } from '../pipeline/ledgerKey.ts';
import { readClicks, readLedger } from '../store/open.ts';
import type { Click, NotedConversion } from '../store/store.ts';
import { describeConversion, formatConversion } from './explainConversion.ts';
import { describeUnknown, formatUnknown } from './explainUnknown.ts';
import type { CommonOptions } from './options.ts';

type Kind = NotedConversion['kind'];

/** Options of `explain`. */
export interface ExplainOptions extends CommonOptions {
  readonly kind?: Kind;
  readonly user?: readonly string[];
}

/**
 * Prints what became of an order or sign-up, by its id, or by its record (topic/partition/offset) where its mapping
 * has no id; 0 when the ledger has it. Else it prints what is known, and where to look; 1.
 */
export async function explain(id: string, options: ExplainOptions): Promise<number> {
  const { config } = await loadConfig(options.config, process.env);
  const kinds: readonly Kind[] = options.kind ? [options.kind] : ['lead', 'order'];
  const noted = await findConversions(config.store, id, kinds);
  const conversions = noted.map((found) => describeConversion(found, config.telemetry.traceUrl));
  if (conversions.length > 0) {
    const text = conversions.map((conversion) => formatConversion(id, conversion)).join('\n\n');
    print(options.json ? JSON.stringify({ id, conversions }) : text);
    return 0;
  }
  const unknown = describeUnknown(config, kinds, await findClicks(config, options.user ?? []));
  const text = () => formatUnknown(id, kinds, unknown);
  print(options.json ? JSON.stringify({ id, conversions, ...unknown }) : text());
  return 1;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function findConversions(
  store: string,
  id: string,
  kinds: readonly Kind[],
): Promise<readonly NotedConversion[]> {
  const ledger = await readLedger(store);
  try {
    const found: NotedConversion[] = [];
    for (const key of kinds.flatMap((kind) => ledgerKeys(kind, id))) {
      const conversion = await ledger?.find(key);
      if (conversion) found.push(conversion);
    }
    return found;
  } finally {
    await ledger?.close();
  }
}

function ledgerKeys(kind: Kind, id: string): readonly Buffer[] {
  const [, topic, partition, offset] = /^(.+)\/(\d+)\/(\d+)$/.exec(id) ?? [];
  if (topic === undefined) return [ledgerKey(kind, id)];
  const record = { topic, partition: Number(partition), offset: Number(offset) };
  return [ledgerKey(kind, id), ledgerKeyOfRecord(kind, record)];
}

/** The clicks of each of these keys. */
async function findClicks(
  { store, privacy }: Config,
  userKeys: readonly string[],
): Promise<ReadonlyMap<string, readonly Click[]>> {
  const clicks = userKeys.length === 0 ? undefined : await readClicks(store, privacy.hashKey);
  try {
    const found = (await clicks?.find(userKeys)) ?? new Map<string, readonly Click[]>();
    return new Map(userKeys.map((userKey) => [userKey, found.get(userKey) ?? []]));
  } finally {
    await clicks?.close();
  }
}
