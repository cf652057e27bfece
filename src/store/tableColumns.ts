import { nearestName } from '../config/nearest.ts';
import { ConfigurationError, type Problem } from '../errors.ts';
import type {
  FitColumns,
  FoundColumn,
  KeyKind,
  TableColumns,
  TableDatabase,
} from './tableDatabase.ts';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const integer = /^(0|-?[1-9]\d{0,18})$/;
const bigints = [-(2n ** 63n), 2n ** 63n - 1n] as const;

/** Whether such a column can hold the key; what it can't hold must not be asked for. */
export function canHold(kind: KeyKind, userKey: string): boolean {
  switch (kind) {
    case 'text':
      return userKey.isWellFormed() && !userKey.includes('\0');
    case 'uuid':
      return uuid.test(userKey);
    case 'integer':
      return (
        integer.test(userKey) && BigInt(userKey) >= bigints[0] && BigInt(userKey) <= bigints[1]
      );
  }
}

/** The columns with what their types mean. Throws ConfigurationError with everything that is wrong with them. */
export function fitColumns(
  database: TableDatabase,
  names: TableColumns,
  found: readonly FoundColumn[],
): FitColumns {
  const { keys, times } = database.kinds;
  const wanted = Object.values(names);
  if (found.length === 0) {
    const message = `there is no table ${database.name}, or its role may not see it; where it is there: ${database.grant(wanted)}`;
    throw problems([{ setting: 'clicks.table.name', message }]);
  }
  const user = found.find(({ name }) => name === names.user);
  const click = found.find(({ name }) => name === names.click);
  const at = found.find(({ name }) => name === names.at);
  const keyKind = user && keys[user.type];
  const timeKind = at && times[at.type];
  const clickKind = click && keys[click.type];
  const isFit = (column: FoundColumn | undefined): column is FoundColumn => !!column?.isReadable;
  if (isFit(user) && isFit(click) && isFit(at) && keyKind && timeKind && clickKind === 'text') {
    return { user: { ...user, kind: keyKind }, click, at: { ...at, kind: timeKind } };
  }
  const textTypes = Object.keys(keys).filter((type) => keys[type] === 'text');
  throw problems([
    ...missing(database, names, found),
    ...unfit('user', user, keyKind !== undefined, Object.keys(keys)),
    ...unfit('click', click, clickKind === 'text', textTypes),
    ...unfit('at', at, timeKind !== undefined, Object.keys(times)),
  ]);
}

type Finding = Pick<Problem, 'message'> & { readonly setting: string };

function problems(findings: readonly Finding[]): ConfigurationError {
  return new ConfigurationError(findings.map((each) => ({ severity: 'error', ...each })));
}

function missing(
  database: TableDatabase,
  names: TableColumns,
  found: readonly FoundColumn[],
): Finding[] {
  const findings: Finding[] = [];
  for (const [role, name] of Object.entries(names)) {
    const column = found.find((each) => each.name === name);
    if (column?.isReadable) continue;
    const candidates = found.map((each) => each.name);
    const near = nearestName(name, candidates);
    const hint = near === undefined ? `it shows ${candidates.join(', ')}` : `did you mean ${near}?`;
    const message = column
      ? `the role may not read the column ${name} of ${database.name}: ${database.grant(Object.values(names))}`
      : `${database.name} shows no column ${name}; ${hint} (a column that is there has to be granted: ${database.grant(Object.values(names))})`;
    findings.push({ setting: `clicks.table.columns.${role}`, message });
  }
  return findings;
}

function unfit(
  role: keyof TableColumns,
  column: FoundColumn | undefined,
  isKnown: boolean,
  types: readonly string[],
): Finding[] {
  if (column === undefined || isKnown) return [];
  const message = `the column ${column.name} is of the type ${column.type}, where one of ${types.join(', ')} is needed; a view can give it that type`;
  return [{ setting: `clicks.table.columns.${role}`, message }];
}
