import { formatSetting } from '../config/settingPath.ts';
import { clickIdFault, isWordForNothing } from '../powerspace/clickId.ts';
import type { Click } from '../store/store.ts';

/** A click that is told from outside of Kafka can't be stored: what is wrong, and in which field. Holds no value. */
export class InvalidClickError extends Error {}

const longestUserKey = 1_024;
const mostUserKeys = 16;
/** Times beyond these are of another unit: seconds, taken for milliseconds, are all in 1970. */
const earliest = Date.UTC(2000);
const latest = Date.UTC(2100);
const isoTime = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?$/;

const known: ReadonlySet<string> = new Set(['clickId', 'user', 'at']);

interface ReportedFields {
  readonly clickId?: unknown;
  readonly user?: unknown;
  readonly at?: unknown;
}

/**
 * Reads a click `{clickId, user, at}`: `user` is one user key or a list of them, `at` as `readClickTime` has it, or
 * missing. Gives a row for each user key. Throws InvalidClickError, which names the field behind `path`.
 */
export function readReportedClick(
  value: unknown,
  now: number,
  path: readonly (string | number)[] = [],
): readonly Click[] {
  const fail = (names: readonly (string | number)[], fault: string): never => {
    const place = formatSetting([...path, ...names]);
    throw new InvalidClickError(place === '' ? fault : `${place}: ${fault}`);
  };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return fail([], 'expected an object with clickId, user and at');
  }
  for (const name of Object.keys(value)) {
    if (!known.has(name)) fail([], 'only clickId, user and at are known here');
  }
  const { clickId, user, at }: ReportedFields = value;
  if (clickId === undefined) fail(['clickId'], missing);
  if (user === undefined) fail(['user'], missing);
  const userKeys: readonly unknown[] = Array.isArray(user) ? user : [user];
  if (userKeys.length === 0 || userKeys.length > mostUserKeys) {
    fail(['user'], `expected a user key, or a list of 1 to ${mostUserKeys}`);
  }
  const isList = Array.isArray(user);
  const keys = userKeys.map(
    (key, index) => readUserKey(key) ?? fail(isList ? ['user', index] : ['user'], expectedUserKey),
  );
  const id = typeof clickId === 'string' ? clickId : fail(['clickId'], 'expected a text');
  const fault = clickIdFault(id);
  if (fault !== undefined) fail(['clickId'], fault);
  const time =
    at === undefined ? Math.round(now) : (readClickTime(at) ?? fail(['at'], expectedTime));
  if (at !== undefined && (time < earliest || time > latest)) fail(['at'], unusualTime);
  const distinct = keys.length === 1 ? keys : [...new Set(keys)];
  return distinct.map((userKey) => ({ userKey, clickId: id, at: time }));
}

const missing = 'required, but missing';

const expectedUserKey = `expected a text of 1 to ${longestUserKey} characters that is no word for nothing, such as null`;

/** A text that tells a person and that every store keeps as it is, or a whole number, which is read as the mappings read one. */
function readUserKey(value: unknown): string | undefined {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value);
  if (typeof value !== 'string' || value === '' || value.length > longestUserKey) return undefined;
  const isText = value.isWellFormed() && !value.includes('\0');
  return isText && !isWordForNothing(value) ? value : undefined;
}

/** What the time of a click has to be. */
const expectedTime =
  'expected milliseconds since 1970, or an ISO 8601 time such as 2026-11-24T10:30:00Z';

const unusualTime =
  'a time before 2000 or after 2100; a plain number has to be milliseconds since 1970';

/**
 * A time in milliseconds since the Unix epoch: given so, as a number or its digits, or in ISO 8601, in UTC where
 * it has no offset. Undefined for anything else.
 */
function readClickTime(value: unknown): number | undefined {
  const at = typeof value === 'string' ? parseTime(value) : value;
  return typeof at === 'number' && Number.isInteger(at) && at >= 0 ? at : undefined;
}

function parseTime(text: string): number | undefined {
  if (/^\d{5,16}$/.test(text)) return Number(text);
  const found = isoTime.exec(text);
  if (!found) return undefined;
  const [, time, , , offset] = found;
  return Date.parse(time !== undefined && offset === undefined ? `${text}Z` : text);
}
