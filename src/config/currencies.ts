import * as currencies from 'dinero.js/currencies';

const exponents = new Map<string, number>(
  Object.values(currencies).map(({ code, base, exponent }) => [code, base === 10 ? exponent : 2]),
);

/**
 * Decimals of a currency by ISO 4217, such as 2 for EUR and 0 for JPY; undefined when there is no such code.
 * Not by Intl, which tells how cash is used: it has none for HUF or COP.
 */
export function currencyExponent(currency: string): number | undefined {
  return exponents.get(currency);
}
