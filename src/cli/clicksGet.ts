import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { readClicks } from '../store/open.ts';
import type { Click } from '../store/store.ts';
import { hashClickId } from '../telemetry/log.ts';
import type { CommonOptions } from './options.ts';

/** Options of `clicks get`. */
export interface ClicksGetOptions extends CommonOptions {
  /** Whether to print the click ids themselves. */
  readonly show?: true;
}

/** Prints the clicks that are stored under a user key, oldest first; 0, also when there are none. */
export async function clicksGet(userKey: string, options: ClicksGetOptions): Promise<number> {
  const { config } = await loadConfig(options.config, process.env);
  const found = await find(config, userKey);
  const clicks = found
    .toSorted((one, other) => one.at - other.at)
    .map(({ clickId, at }) => ({
      ...{ at: formatTime(at), hash: hashClickId(clickId) },
      ...(options.show && { clickId }),
    }));
  const lines = clicks.map((click) => Object.values(click).join('  '));
  const text = lines.length === 0 ? 'no click is stored under this user key' : lines.join('\n');
  process.stdout.write(`${options.json ? JSON.stringify({ clicks }) : text}\n`);
  return 0;
}

async function find(
  { store, privacy: { hashKey } }: Config,
  userKey: string,
): Promise<readonly Click[]> {
  const clicks = await readClicks(store, hashKey);
  try {
    return (await clicks?.find([userKey]))?.get(userKey) ?? [];
  } finally {
    await clicks?.close();
  }
}

/** The time of an event may be any number. */
function formatTime(at: number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? String(at) : date.toISOString();
}
