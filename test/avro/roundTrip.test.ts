import { describe, expect, test } from 'vitest';
import { UndecodableError } from '../../src/avro/errors.ts';
import { Random, Samples } from './random.ts';
import { avro, compileReader, encode } from './schemas.ts';

const seeds = Array.from({ length: 300 }, (_, seed) => seed);

function sampleOf(seed: number) {
  const random = new Random(seed);
  const sample = new Samples(random).record(3, 6);
  const paths = sample.names.filter(() => random.below(2) === 1);
  return { random, sample, paths, bytes: encode(sample.schema, sample.value) };
}

describe('whatever the schema and the values', () => {
  test('the mapped fields are read as they were written, and the others are skipped', () => {
    for (const seed of seeds) {
      const { sample, paths, bytes } = sampleOf(seed);
      const reader = compileReader(avro(sample.schema), paths);
      const expected = sample.expected as Record<string, unknown>;
      expect(reader.missing, `seed ${seed}`).toEqual([]);
      expect(reader.read(bytes), `seed ${seed}`).toEqual(paths.map((path) => expected[path]));
    }
  });

  test('bytes that end too early, or too late, are undecodable', () => {
    for (const seed of seeds) {
      const { sample, paths, bytes } = sampleOf(seed);
      const reader = compileReader(avro(sample.schema), paths);
      for (let length = 0; length < bytes.length; length += 1) {
        expect(() => reader.read(bytes.subarray(0, length)), `seed ${seed}`).toThrow(
          UndecodableError,
        );
      }
      expect(() => reader.read(Buffer.concat([bytes, Buffer.alloc(1)])), `seed ${seed}`).toThrow(
        UndecodableError,
      );
    }
  });

  test('damaged bytes give values or are undecodable; nothing else happens', () => {
    for (const seed of seeds) {
      const { random, sample, paths, bytes } = sampleOf(seed);
      const reader = compileReader(avro(sample.schema), paths);
      for (let round = 0; round < 20 && bytes.length > 0; round += 1) {
        const damaged = Buffer.from(bytes);
        damaged[random.below(bytes.length)] = random.below(256);
        expect(
          outcomeOf(() => reader.read(damaged)),
          `seed ${seed}`,
        ).toBe('as expected');
      }
    }
  });
});

function outcomeOf(read: () => unknown): unknown {
  try {
    read();
    return 'as expected';
  } catch (thrown) {
    return thrown instanceof UndecodableError ? 'as expected' : thrown;
  }
}
