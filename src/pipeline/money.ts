import Big from 'big.js';
import { isDecimal } from '../config/conditions.ts';

/** The exact amount that a field holds, or undefined when it holds none. */
export function toAmount(value: unknown): Big | undefined {
  if (value instanceof Big) return value;
  if (typeof value === 'bigint') return new Big(value.toString());
  // The shortest text that reads back as this double is what its writer meant: 49.99, not 49.99000000000000198….
  if (typeof value === 'number') return Number.isFinite(value) ? new Big(String(value)) : undefined;
  if (typeof value === 'string' && isDecimal(value)) return new Big(value);
  return undefined;
}

/** Whether it has no more digits than money may need: others take long to add up, and have no place in an address. */
export function isMoney({ c: digits, e: exponent }: Big): boolean {
  return digits.length <= 2 * placesLimit && Math.abs(exponent) <= placesLimit;
}

/** Before the point, and after it up to the first digit that is not 0; twice as many digits in all. */
const placesLimit = 40;

/** The amount with at most the decimals of its currency, half up; exact where no currency is known. */
export function roundToCurrency(amount: Big, decimals: number | undefined): Big {
  return decimals === undefined ? amount : amount.round(decimals, Big.roundHalfUp);
}

/** An amount as `ov` wants it: a dot, no exponent, no grouping: `49.99`, `50`. */
export function formatAmount(amount: Big): string {
  return amount.toFixed();
}
