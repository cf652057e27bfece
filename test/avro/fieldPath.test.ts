import { describe, expect, test } from 'vitest';
import { formatFieldPath, InvalidPathError, parseFieldPath } from '../../src/avro/fieldPath.ts';

const name = (text: string) => ({ kind: 'name', name: text });
const item = (index: number) => ({ kind: 'item', index });
const items = { kind: 'items' };

describe('a path', () => {
  test.each([
    ['orderId', [name('orderId')]],
    ['total.amount', [name('total'), name('amount')]],
    ['items[0].sku', [name('items'), item(0), name('sku')]],
    ['items[*].price', [name('items'), items, name('price')]],
    ['[12][*].a', [item(12), items, name('a')]],
    ["attributes['utm.source']", [name('attributes'), name('utm.source')]],
    ["attributes['it\"s']", [name('attributes'), name('it"s')]],
    ['attributes["it\'s"].x', [name('attributes'), name("it's"), name('x')]],
    ['attributes.click-id', [name('attributes'), name('click-id')]],
    ['attributes.größe', [name('attributes'), name('größe')]],
    ["['a']['b']", [name('a'), name('b')]],
  ])('%s goes step by step', (path, steps) => {
    expect(parseFieldPath(path)).toEqual(steps);
    expect(parseFieldPath(formatFieldPath(parseFieldPath(path)))).toEqual(steps);
  });

  test.each([
    ['', 1, 'expected a name, but it ends'],
    ['.', 1, 'expected a name, found "."'],
    ['.total', 1, 'expected a name, found ".total"'],
    ['total.', 7, 'expected a name, but it ends'],
    ['total..amount', 7, 'expected a name, found ".amount"'],
    ['total.[0]', 7, 'expected a name, found "[0]"'],
    ['a b', 2, 'expected a dot or [, found " b"'],
    ['a. b', 3, `expected a name; a key with spaces is written ['a key'], found " b"`],
    ['items[]', 7, `expected a number from 0, * or a key in quotes, as in ['a.key'], found "]"`],
    ['items[-1]', 7, 'expected a number from 0'],
    ['items[01]', 8, 'expected ], found "1]"'],
    ['items[sku]', 7, 'expected a number from 0'],
    ['items[0', 8, 'expected ], but it ends'],
    ['items[*', 8, 'expected ], but it ends'],
    ["items['a]", 7, 'expected a number from 0'],
    ["items['']", 7, 'expected a number from 0'],
    ['items[0]sku', 9, 'expected a dot or [, found "sku"'],
    ['items]', 6, 'expected a dot or [, found "]"'],
  ])('%s is told what is wrong, and where', (path, column, what) => {
    expect(() => parseFieldPath(path)).toThrow(InvalidPathError);
    expect(() => parseFieldPath(path)).toThrow(
      `"${path}" is no path: at its column ${column}, ${what}`,
    );
  });
});
