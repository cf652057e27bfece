import { describe, expect, test } from 'vitest';
import { UnreadableSchemaError } from '../../src/avro/errors.ts';
import { SchemaCache } from '../../src/avro/schemaCache.ts';

/** A cache over answers that the test gives, with a clock that the test moves. */
function setUp(load: (id: number) => Promise<string | undefined>) {
  const loaded: number[] = [];
  const clock = { milliseconds: 0 };
  const cache = new SchemaCache<string>(
    (id) => {
      loaded.push(id);
      return load(id);
    },
    () => clock.milliseconds,
  );
  return { cache, loaded, clock };
}

describe('the cache of schemas', () => {
  test('loads what was found only once, for good', async () => {
    const { cache, loaded, clock } = setUp(async (id) => `schema ${id}`);
    expect(await cache.get(1)).toBe('schema 1');
    clock.milliseconds = 1e12;
    expect(await cache.get(1)).toBe('schema 1');
    expect(await cache.get(2)).toBe('schema 2');
    expect(loaded).toEqual([1, 2]);
  });

  test('has concurrent askers share one load', async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const { cache, loaded } = setUp(() => promise);
    const askers = [cache.get(1), cache.get(1), cache.get(1)];
    resolve('schema');
    expect(await Promise.all(askers)).toEqual(['schema', 'schema', 'schema']);
    expect(loaded).toEqual([1]);
  });

  test('remembers for 30 s that an id is unknown, then asks again', async () => {
    const answers: (string | undefined)[] = [undefined, 'registered since'];
    const { cache, loaded, clock } = setUp(async () => answers.shift());
    expect(await cache.get(1)).toBeUndefined();
    clock.milliseconds = 29_999;
    expect(await cache.get(1)).toBeUndefined();
    expect(loaded).toEqual([1]);
    clock.milliseconds = 30_000;
    expect(await cache.get(1)).toBe('registered since');
    expect(loaded).toEqual([1, 1]);
  });

  test('forgets failures, for all who shared them', async () => {
    const failures = [new Error('down'), new Error('still down')];
    const { cache, loaded } = setUp(async () => {
      const failure = failures.shift();
      if (failure) throw failure;
      return 'up';
    });
    const both = await Promise.allSettled([cache.get(1), cache.get(1)]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await expect(cache.get(1)).rejects.toThrow('still down');
    expect(await cache.get(1)).toBe('up');
    expect(loaded).toEqual([1, 1, 1]);
  });

  test('keeps the verdict that a schema is unreadable', async () => {
    const { cache, loaded } = setUp(async (id) => {
      throw new UnreadableSchemaError(id, 'of type JSON');
    });
    await expect(cache.get(1)).rejects.toThrow('schema 1 cannot be read: of type JSON');
    await expect(cache.get(1)).rejects.toThrow(UnreadableSchemaError);
    expect(loaded).toEqual([1]);
  });
});
