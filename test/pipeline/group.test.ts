import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { groupWrites } from '../../src/pipeline/group.ts';

interface Write {
  readonly items: readonly number[];
  readonly end: PromiseWithResolvers<void>;
}

/** Grouped writes that end when the test says so. */
class Subject {
  readonly writes: Write[] = [];
  /** How each item ended, as its caller saw it. */
  readonly ended = new Map<number, 'written' | 'failed'>();
  #underWay = 0;
  #next = 0;
  readonly #add = groupWrites<number>(async (items) => {
    this.#underWay += 1;
    expect(this.#underWay).toBe(1);
    const end = Promise.withResolvers<void>();
    this.writes.push({ items, end });
    await end.promise.finally(() => {
      this.#underWay -= 1;
    });
  });

  add(count: number): void {
    for (let added = 0; added < count; added += 1) {
      const item = this.#next++;
      this.#add(item).then(
        () => this.ended.set(item, 'written'),
        () => this.ended.set(item, 'failed'),
      );
    }
  }

  /** Ends the last write; the next begins. */
  async end(how: 'written' | 'failed'): Promise<void> {
    const { end } = this.writes.at(-1) as Write;
    if (how === 'written') end.resolve();
    else end.reject(new Error('of the test'));
    await setImmediate();
  }

  get isWriting(): boolean {
    return this.#underWay > 0;
  }

  get groups(): (readonly number[])[] {
    return this.writes.map(({ items }) => items);
  }
}

describe('grouped writes', () => {
  test('begin at once with what is added together', async () => {
    const subject = new Subject();
    subject.add(3);
    await setImmediate();
    expect(subject.groups).toEqual([[0, 1, 2]]);
    expect(subject.ended.size).toBe(0);
    await subject.end('written');
    expect([...subject.ended]).toEqual([0, 1, 2].map((item) => [item, 'written']));
  });

  test('keep what comes during a write for the next, however much it is', async () => {
    const subject = new Subject();
    subject.add(1);
    await setImmediate();
    for (let times = 0; times < 3; times += 1) {
      subject.add(2);
      await setImmediate();
    }
    await subject.end('written');
    expect(subject.groups).toEqual([[0], [1, 2, 3, 4, 5, 6]]);
    expect([...subject.ended.keys()]).toEqual([0]);
  });

  test('that fail reject their own items only, and the next goes on', async () => {
    const subject = new Subject();
    subject.add(2);
    await setImmediate();
    subject.add(2);
    await subject.end('failed');
    await subject.end('written');
    expect([...subject.ended.values()]).toEqual(['failed', 'failed', 'written', 'written']);
  });

  test('go on beside each other, as many as are allowed', async () => {
    const writes: (readonly number[])[] = [];
    const ends: (() => void)[] = [];
    const add = groupWrites<number>((items) => {
      writes.push(items);
      return new Promise((resolve) => {
        ends.push(resolve);
      });
    }, 2);
    const written = [];
    for (let item = 0; item < 4; item += 1) {
      written.push(add(item));
      await setImmediate();
      await setImmediate();
    }
    expect(writes).toEqual([[0], [1]]);
    ends[1]?.();
    await written[1];
    await setImmediate();
    expect(writes).toEqual([[0], [1], [2, 3]]);
    for (const end of ends) end();
    await Promise.all(written);
  });

  test('reject with the error of the write', async () => {
    const error = new Error('of the test');
    const add = groupWrites(() => {
      throw error;
    });
    await expect(add('item')).rejects.toBe(error);
    await expect(add('item')).rejects.toBe(error);
  });

  test('write every item exactly once, in order, never two groups at once', async () => {
    const step = fc.oneof(
      fc.record({ add: fc.integer({ min: 1, max: 4 }), flush: fc.boolean() }),
      fc.record({ end: fc.constantFrom('written' as const, 'failed' as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const subject = new Subject();
        const expected = new Map<number, string>();
        const end = async (how: 'written' | 'failed') => {
          for (const item of subject.writes.at(-1)?.items ?? []) expected.set(item, how);
          await subject.end(how);
        };
        let added = 0;
        for (const each of steps) {
          if ('add' in each) {
            subject.add(each.add);
            added += each.add;
            if (each.flush) await setImmediate();
          } else if (subject.isWriting) {
            await end(each.end);
          }
        }
        await setImmediate();
        while (subject.isWriting) await end('written');
        expect(subject.groups.flat()).toEqual(Array.from({ length: added }, (_, item) => item));
        expect(subject.ended).toEqual(expected);
      }),
    );
  });
});
