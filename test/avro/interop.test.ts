import { describe, expect, test } from 'vitest';
import { createUnframe } from '../../src/avro/framing.ts';
import { fromJson, readFixtures } from '../interop/avro/fixtures.ts';
import { avro, compileReader } from './schemas.ts';

const fixtures = readFixtures();

/** Without prototypes, which maps and records don't have. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  const isObject = typeof value === 'object' && value !== null;
  if (!isObject || ![null, Object.prototype].includes(Object.getPrototypeOf(value))) return value;
  return new Map(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

describe('what the Avro project itself writes in Java', () => {
  test('covers every type', () => {
    expect(fixtures.length).toBeGreaterThan(140);
  });

  test.each(fixtures.map((fixture, index) => ({ ...fixture, index })))(
    'is read to the same values: $index $name',
    ({ name, schema, bytes, values }) => {
      const paths = Object.keys(values);
      const written = Buffer.from(bytes, 'hex');
      // A float is read as the shortest number that is the same float.
      const asWritten = (value: unknown) =>
        name === 'float' && typeof value === 'number' ? Math.fround(value) : plain(value);
      const payload =
        name === 'single-object'
          ? written.subarray(createUnframe({ format: name })(written).start)
          : written;
      const reader = compileReader(avro(schema), ['before', 'after', ...paths]);
      expect(reader.missing).toEqual([]);
      expect(reader.read(payload).map(asWritten)).toEqual(
        ['b', 2 ** 40, ...Object.values(values).map(fromJson)].map(plain),
      );
    },
  );

  test.each(fixtures.map((fixture, index) => ({ ...fixture, index })))(
    'is skipped where it is not mapped: $index $name',
    ({ name, schema, bytes }) => {
      const written = Buffer.from(bytes, 'hex');
      const payload = name === 'single-object' ? written.subarray(10) : written;
      expect(compileReader(avro(schema), ['after']).read(payload)).toEqual([2 ** 40]);
    },
  );
});
