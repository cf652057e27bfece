import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { openClickTable } from '../store/clickTable.ts';
import { readClicks } from '../store/open.ts';
import type { Click, ClickReader } from '../store/store.ts';
import { hashClickId } from '../telemetry/log.ts';
import { formatTime } from './formatTime.ts';
import type { CommonOptions } from './options.ts';

/** Options of `clicks get`. */
export interface ClicksGetOptions extends CommonOptions {
  /** Whether to print the click ids themselves. */
  readonly show?: true;
}

/** A click, and where it was found: in the store, or in the user's own table. */
interface FoundClick extends Click {
  readonly from: 'store' | 'table';
}

/** Prints the clicks that are known under a user key, oldest first; 0, also when there are none. */
export async function clicksGet(userKey: string, options: ClicksGetOptions): Promise<number> {
  const { config } = await loadConfig(options.config, process.env);
  const found = await findClicks(config, userKey);
  const clicks = found
    .toSorted((one, other) => one.at - other.at)
    .map(({ clickId, at, from }) => ({
      ...{ at: formatTime(at), hash: hashClickId(clickId), from },
      ...(options.show && { clickId }),
    }));
  const lines = clicks.map((click) => Object.values(click).join('  '));
  const text = lines.length === 0 ? 'no click is known under this user key' : lines.join('\n');
  process.stdout.write(`${options.json ? JSON.stringify({ clicks }) : text}\n`);
  return 0;
}

async function findClicks(config: Config, userKey: string): Promise<readonly FoundClick[]> {
  const { table } = config.clicks;
  const [ours, theirs] = await Promise.all([
    find(readClicks(config.store, config.privacy.hashKey), userKey),
    table ? find(openClickTable(table), userKey) : [],
  ]);
  return [
    ...ours.map((click): FoundClick => ({ ...click, from: 'store' })),
    ...theirs.map((click): FoundClick => ({ ...click, from: 'table' })),
  ];
}

async function find(
  opening: Promise<ClickReader | undefined>,
  userKey: string,
): Promise<readonly Click[]> {
  const clicks = await opening;
  try {
    return (await clicks?.find([userKey]))?.get(userKey) ?? [];
  } finally {
    await clicks?.close();
  }
}
