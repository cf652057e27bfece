import { describe, expect, test } from 'vitest';
import { UnreadableSchemaError } from '../../src/avro/errors.ts';
import { SchemaCache } from '../../src/avro/schemaCache.ts';
import type { SchemaReference } from '../../src/avro/schemaReference.ts';
import { UnavailableError } from '../../src/errors.ts';
import { byId } from './registryStandIn.ts';

/** A cache over answers that the test gives, with a clock that the test moves. */
function setUp(load: (reference: SchemaReference) => Promise<string | undefined>) {
  const loaded: unknown[] = [];
  const clock = { milliseconds: 0 };
  const cache = new SchemaCache<string>(
    'registry',
    (reference) => {
      loaded.push(reference.value);
      return load(reference);
    },
    () => clock.milliseconds,
  );
  return { cache, loaded, clock };
}

describe('the cache of schemas', () => {
  test('loads what was found only once, for good, and by kind', async () => {
    const { cache, loaded, clock } = setUp(async ({ kind, value }) => `${kind} ${value}`);
    expect(await cache.get(byId(1))).toBe('id 1');
    clock.milliseconds = 1e12;
    expect(await cache.get(byId(1))).toBe('id 1');
    expect(await cache.get({ kind: 'globalId', value: 1 })).toBe('globalId 1');
    expect(loaded).toEqual([1, 1]);
  });

  test('has concurrent askers share one load', async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const { cache, loaded } = setUp(() => promise);
    const askers = [1, 1, 1].map((id) => cache.get(byId(id)));
    resolve('schema');
    expect(await Promise.all(askers)).toEqual(['schema', 'schema', 'schema']);
    expect(loaded).toEqual([1]);
  });

  test('forgets failures, for all who shared them', async () => {
    const failures = [new Error('down'), new Error('still down')];
    const { cache, loaded } = setUp(async () => {
      const failure = failures.shift();
      if (failure) throw failure;
      return 'up';
    });
    const both = await Promise.allSettled([cache.get(byId(1)), cache.get(byId(1))]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await expect(cache.get(byId(1))).rejects.toThrow('still down');
    expect(await cache.get(byId(1))).toBe('up');
    expect(loaded).toEqual([1, 1, 1]);
  });

  test('keeps the verdict that a schema is unreadable', async () => {
    const { cache, loaded } = setUp(async ({ value }) => {
      throw new UnreadableSchemaError(value, 'of type JSON');
    });
    await expect(cache.get(byId(1))).rejects.toThrow('schema 1 cannot be read: of type JSON');
    await expect(cache.get(byId(1))).rejects.toThrow(UnreadableSchemaError);
    expect(loaded).toEqual([1]);
  });
});

describe('an unknown reference', () => {
  test('is believed once it was unknown twice, 2 s apart', async () => {
    const { cache, loaded, clock } = setUp(async () => undefined);
    await expect(cache.get(byId(1))).rejects.toThrow(UnavailableError);
    clock.milliseconds = 1_999;
    await expect(cache.get(byId(1))).rejects.toThrow('registry: it has no schema with the id 1');
    expect(loaded).toEqual([1]);
    clock.milliseconds = 2_000;
    expect(await cache.get(byId(1))).toBeUndefined();
    expect(loaded).toEqual([1, 1]);
  });

  test('may turn up meanwhile', async () => {
    const answers: (string | undefined)[] = [undefined, 'registered since'];
    const { cache, clock } = setUp(async () => answers.shift());
    await expect(cache.get(byId(1))).rejects.toThrow(UnavailableError);
    clock.milliseconds = 2_000;
    expect(await cache.get(byId(1))).toBe('registered since');
  });

  test('is remembered for 30 s, then asked for again and believed at once', async () => {
    const { cache, loaded, clock } = setUp(async () => undefined);
    await expect(cache.get(byId(1))).rejects.toThrow(UnavailableError);
    clock.milliseconds = 2_000;
    await cache.get(byId(1));
    clock.milliseconds = 31_999;
    expect(await cache.get(byId(1))).toBeUndefined();
    expect(loaded).toHaveLength(2);
    clock.milliseconds = 32_000;
    expect(await cache.get(byId(1))).toBeUndefined();
    expect(loaded).toHaveLength(3);
  });

  test('is asked for 10 times a second, of however many, and none is taken for unknown unasked', async () => {
    const { cache, loaded, clock } = setUp(async () => undefined);
    const undecodable = new Set<number>();
    for (; clock.milliseconds < 5_000; clock.milliseconds += 500) {
      for (let id = 0; id < 10_000; id += 1) {
        const result = await cache.get(byId(id)).catch(() => 'wait');
        if (result === undefined) undecodable.add(id);
      }
    }
    expect(loaded.length).toBeGreaterThan(40);
    expect(loaded.length).toBeLessThanOrEqual(60);
    const asked = (id: number) => loaded.filter((other) => other === id).length;
    expect([...undecodable].filter((id) => asked(id) < 2)).toEqual([]);
  });

  test('does not keep others waiting that are found', async () => {
    const { cache } = setUp(async ({ value }) => (Number(value) < 9 ? undefined : 'schema'));
    for (let id = 0; id < 9; id += 1)
      await expect(cache.get(byId(id))).rejects.toThrow('it has no schema');
    for (let id = 9; id < 100; id += 1) expect(await cache.get(byId(id))).toBe('schema');
    await expect(cache.get(byId(0))).rejects.toThrow('it has no schema');
  });

  test('says why it is not asked for', async () => {
    const { cache } = setUp(async () => undefined);
    for (let id = 0; id < 10; id += 1) await cache.get(byId(id)).catch(() => undefined);
    await expect(cache.get(byId(10))).rejects.toThrow(
      'registry: many records name schemas that it does not have',
    );
  });
});
