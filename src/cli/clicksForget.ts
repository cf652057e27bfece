import { loadConfig } from '../config/load.ts';
import { openPeople } from '../store/open.ts';
import type { PersonRows } from '../store/store.ts';
import { hashClickId } from '../telemetry/log.ts';
import { confirm } from './confirm.ts';
import type { CommonOptions } from './options.ts';
import { UsageError } from './usageError.ts';

/** Options of `clicks forget`. */
export interface ClicksForgetOptions extends CommonOptions {
  /** Not to be asked. */
  readonly yes?: true;
}

const nothing: PersonRows = { userKeys: 0, clicks: 0, conversions: 0 };

/**
 * Removes all that the store has of the person with a user key, once a person at the terminal, or --yes, has agreed;
 * 0 then, also when nothing is stored, and 1 when it is not agreed to. Throws UsageError where nobody can be asked.
 */
export async function clicksForget(userKey: string, options: ClicksForgetOptions): Promise<number> {
  const { config } = await loadConfig(options.config, process.env);
  const people = await openPeople(config.store, { hashClickId, hashKey: config.privacy.hashKey });
  try {
    const person = await people?.find(userKey);
    if (!person || isNothing(person.rows)) {
      report(nothing, 'nothing is stored of this user key', options);
      return 0;
    }
    if (!options.yes && !(await agrees(person.rows))) return 1;
    const rows = await person.forget();
    report(rows, describe(rows, ['removed', 'made']), options);
    return 0;
  } finally {
    await people?.close();
  }
}

function isNothing({ clicks, conversions }: PersonRows): boolean {
  return clicks === 0 && conversions === 0;
}

async function agrees(rows: PersonRows): Promise<boolean> {
  const plan = describe(rows, ['would remove', 'make']);
  if (!process.stdin.isTTY) {
    throw new UsageError(`${plan}; nobody can be asked here, so give --yes`);
  }
  const hasAgreed = await confirm(`${plan}. Go on?`, {
    input: process.stdin,
    output: process.stderr,
  });
  if (!hasAgreed) process.stderr.write('nothing was removed\n');
  return hasAgreed;
}

function describe(
  { userKeys, clicks, conversions }: PersonRows,
  [remove, make]: readonly [string, string],
): string {
  const removed = `${count(clicks, 'row')} of clicks under ${count(userKeys, 'user key')}`;
  return `${remove} ${removed}, and ${make} ${count(conversions, 'conversion')} in the ledger anonymous`;
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}

function report(rows: PersonRows, text: string, { json }: CommonOptions): void {
  process.stdout.write(`${json ? JSON.stringify(rows) : text}\n`);
}
