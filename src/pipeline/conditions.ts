import type { Big } from 'big.js';
import { Instant } from '../avro/instant.ts';
import type { FieldValue } from '../avro/reader.ts';
import {
  type ConditionSetting,
  type Constant,
  isDecimal,
  readCondition,
  readDate,
} from '../config/conditions.ts';
import { describe, type Field, InvalidFieldError, parseTime, withoutBytes } from './fields.ts';
import { toAmount } from './money.ts';

/** What must be true of one field. Throws InvalidFieldError for a value that can't be compared. */
export type Condition = (values: readonly FieldValue[]) => boolean;

/** What must be true of a value that is there, or of one of several. */
type Test = (value: FieldValue) => boolean;

/**
 * Compiles what `when` asks of a field. Of an array, one item must have the value or be within the bounds, and
 * none may have a value that is excluded. Null is no value, equals only null, and is within no bounds.
 */
export function compileCondition(field: Field, setting: ConditionSetting): Condition {
  const { oneOf, not, exists, ...bounds } = readCondition(setting);
  const isAccepted = oneOf && compileEquality(oneOf);
  const isExcluded = not === undefined ? undefined : compileEquality([not].flat());
  const tests = Object.entries(bounds).flatMap(([name, bound]) =>
    bound === undefined ? [] : compileBound(field, name as keyof typeof signs, bound),
  );
  return (values) => {
    const items = itemsOf(values[field.index] ?? null);
    if (isAccepted && !items.some(isAccepted)) return false;
    if (isExcluded && items.some(isExcluded)) return false;
    if (exists !== undefined && items.some(isPresent) !== exists) return false;
    if (tests.length === 0) return true;
    return items.some((item) => isPresent(item) && tests.every((test) => test(item)));
  };
}

function itemsOf(value: FieldValue): readonly FieldValue[] {
  return Array.isArray(value) ? value.flat(Infinity).map(withoutBytes) : [withoutBytes(value)];
}

function isPresent(value: FieldValue): boolean {
  return value !== null && value !== '';
}

function compileEquality(constants: readonly Constant[]): Test {
  const exact = new Set<unknown>(constants);
  const amounts = constants.flatMap((constant) =>
    typeof constant === 'string' || typeof constant === 'number' ? (toAmount(constant) ?? []) : [],
  );
  const times = new Set(
    constants.map((constant) => (typeof constant === 'string' ? readDate(constant) : undefined)),
  );
  return (value) => {
    if (exact.has(value)) return true;
    if (typeof value === 'string' || typeof value === 'boolean' || value === null) return false;
    if (value instanceof Instant) return times.has(value.milliseconds);
    const amount = toAmount(value);
    return amount !== undefined && amounts.some((one) => one.eq(amount));
  };
}

const signs = {
  above: (order: number) => order > 0,
  atLeast: (order: number) => order >= 0,
  below: (order: number) => order < 0,
  atMost: (order: number) => order <= 0,
};

function compileBound(field: Field, name: keyof typeof signs, bound: string | number): Test {
  const isWithin = signs[name];
  if (typeof bound === 'string' && !isDecimal(bound)) {
    const time = readDate(bound) as number;
    return (value) => isWithin(readTimeOf(field, value) - time);
  }
  const amount = toAmount(bound) as Big;
  return (value) => isWithin(readAmountOf(field, value).cmp(amount));
}

function readTimeOf(field: Field, value: FieldValue): number {
  if (value instanceof Instant) return value.milliseconds;
  const time = typeof value === 'string' ? parseTime(value) : undefined;
  if (time !== undefined) return time;
  throw new InvalidFieldError(`${field.path} is ${describe(value)}, not a date to compare`);
}

function readAmountOf(field: Field, value: FieldValue): Big {
  const amount = toAmount(value);
  if (amount) return amount;
  throw new InvalidFieldError(`${field.path} is ${describe(value)}, not a number to compare`);
}
