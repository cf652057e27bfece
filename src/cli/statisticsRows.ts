import { parseFieldPath, type Step } from '../avro/fieldPath.ts';
import type { Config } from '../config/schema.ts';
import { ConfigurationError } from '../errors.ts';

type Fields = NonNullable<Config['reconcile']>['fields'];

/** What Powerspace has counted; undefined where no field is set for it. */
export interface TheirCounts {
  readonly lead: number | undefined;
  readonly order: number | undefined;
}

/**
 * The numbers in the rows of an answer, added up. Throws ConfigurationError for one that is no array of rows with these
 * fields, naming what came by types and names, never by values.
 */
export function sumRows(answer: unknown, { leads, orders }: Fields): TheirCounts {
  if (!Array.isArray(answer)) {
    throw problem(
      'reconcile.url',
      `Powerspace's statistics are ${describe(answer)} where an array was expected`,
    );
  }
  return {
    lead: leads === undefined ? undefined : sumField(answer, 'leads', leads),
    order: orders === undefined ? undefined : sumField(answer, 'orders', orders),
  };
}

function sumField(rows: readonly unknown[], name: keyof Fields, path: string): number {
  const steps = parseFieldPath(path);
  return rows
    .flatMap((row, index) => {
      const values = steps.reduce<readonly unknown[]>(take, [row]);
      return values.map((value) => {
        const count = readCount(value);
        if (count !== undefined) return count;
        const found = value === undefined ? `is not in ${describe(row)}` : `is ${describe(value)}`;
        throw problem(
          `reconcile.fields.${name}`,
          `${path} ${found}, in row ${index + 1} of ${rows.length} of Powerspace's statistics, where a whole number was expected`,
        );
      });
    })
    .reduce((total, count) => total + count, 0);
}

/** One step along a path, from each of the values; undefined for what is not there. */
function take(values: readonly unknown[], step: Step): readonly unknown[] {
  return values.flatMap((value): readonly unknown[] => {
    if (step.kind === 'items') return Array.isArray(value) ? value : [undefined];
    if (step.kind === 'item') return [Array.isArray(value) ? value[step.index] : undefined];
    const isThere = typeof value === 'object' && value !== null && Object.hasOwn(value, step.name);
    return [isThere ? Reflect.get(value, step.name) : undefined];
  });
}

/** A whole number from 0 on, be it a text. */
function readCount(value: unknown): number | undefined {
  const count = typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value;
  return typeof count === 'number' && Number.isSafeInteger(count) && count >= 0 ? count : undefined;
}

const mostNames = 20;

function describe(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'number') return `the number ${value}`;
  if (typeof value !== 'object') return typeof value === 'string' ? 'a text' : `a ${typeof value}`;
  const names = Object.keys(value).map((name) => (/^[\w.-]{1,40}$/.test(name) ? name : '…'));
  if (names.length === 0) return 'an empty object';
  const more = names.length > mostNames ? ', …' : '';
  return `an object with ${names.slice(0, mostNames).join(', ')}${more}`;
}

function problem(setting: string, message: string): ConfigurationError {
  return new ConfigurationError([{ severity: 'error', setting, message }]);
}
