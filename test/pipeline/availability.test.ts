import pino from 'pino';
import { describe, expect, test } from 'vitest';
import type { Clock } from '../../src/clock.ts';
import { ConfigurationError, UnavailableError } from '../../src/errors.ts';
import { Availability } from '../../src/pipeline/availability.ts';

const unavailable = new UnavailableError('store', 'locked');
const notGranted = new ConfigurationError([{ severity: 'error', message: 'access denied' }]);

function failing(failures: readonly unknown[]): () => Promise<string> {
  const left = [...failures];
  return async () => {
    if (left.length > 0) throw left.shift();
    return 'served';
  };
}

/** A part that waits as long as the test wants. */
class Subject {
  readonly waits: { milliseconds: number; end: () => void }[] = [];
  readonly lines: Record<string, unknown>[] = [];
  readonly controller = new AbortController();
  readonly availability: Availability;

  constructor() {
    const clock: Clock = {
      now: () => 0,
      schedule: () => () => {},
      wait: (milliseconds, signal) => {
        const { promise, resolve, reject } = Promise.withResolvers<void>();
        this.waits.push({ milliseconds, end: resolve });
        signal.addEventListener('abort', () => reject(signal.reason));
        return promise;
      },
    };
    const log = pino({}, { write: (line: string) => void this.lines.push(JSON.parse(line)) });
    this.availability = new Availability(clock, log, () => Math.random());
  }

  /** Calls a part that fails so many times, and then is there. */
  call(failures: readonly unknown[]): Promise<string> {
    return this.availability.until(this.controller.signal)(failing(failures));
  }

  /** The same as a start does. */
  start(failures: readonly unknown[]): Promise<string> {
    return this.availability.untilReached(this.controller.signal)(failing(failures));
  }

  /** Ends the wait that is under way, once there is one. */
  async endWait(): Promise<number> {
    const count = this.#ended + 1;
    await expect.poll(() => this.waits.length, { interval: 1 }).toBe(count);
    this.#ended = count;
    const wait = this.waits[count - 1] as (typeof this.waits)[number];
    wait.end();
    return wait.milliseconds;
  }
  #ended = 0;
}

describe('a part that is needed', () => {
  test('is called once when it is there', async () => {
    const subject = new Subject();
    expect(await subject.call([])).toBe('served');
    expect(subject.waits).toEqual([]);
    expect(subject.lines).toEqual([]);
  });

  test.each([
    ['is not there', unavailable],
    ['does not grant access', notGranted],
  ])('that %s is called again until it serves', async (_, failure) => {
    const subject = new Subject();
    const call = subject.call([failure, failure]);
    await subject.endWait();
    await subject.endWait();
    expect(await call).toBe('served');
  });

  test('is called again after 0.2 s at first, then more and more slowly, up to 10 s', async () => {
    const subject = new Subject();
    const call = subject.call(Array.from({ length: 40 }, () => unavailable));
    const waits: number[] = [];
    for (let failures = 0; failures < 40; failures += 1) waits.push(await subject.endWait());
    await call;
    for (const [index, wait] of waits.entries()) {
      const ceiling = Math.min(400 * 2 ** index, 10_000);
      expect(wait).toBeGreaterThanOrEqual(ceiling / 2);
      expect(wait).toBeLessThanOrEqual(ceiling);
    }
    expect(new Set(waits.slice(-20)).size).toBeGreaterThan(1);
  });

  test.each([
    ['at once', []],
    ['after it was not there', [unavailable]],
  ])('that fails for another reason %s is not called again', async (_, before) => {
    const subject = new Subject();
    const fault = new TypeError('a fault of our own');
    const call = subject.call([...before, fault]);
    const settled = expect(call).rejects.toBe(fault);
    for (const _failure of before) await subject.endWait();
    await settled;
    expect(subject.availability.problems).toEqual([]);
  });

  test('is a problem for as long as it is waited for, each reason once', async () => {
    const subject = new Subject();
    const calls = [unavailable, unavailable, notGranted].map((failure) => subject.call([failure]));
    await expect.poll(() => subject.waits.length).toBe(3);
    expect(subject.availability.problems).toEqual(['store: locked', 'access denied']);
    for (const { end } of subject.waits) end();
    await Promise.all(calls);
    expect(subject.availability.problems).toEqual([]);
  });

  test('is waited for with a warning a failure', async () => {
    const subject = new Subject();
    const call = subject.call([unavailable]);
    const delay = await subject.endWait();
    await call;
    expect(subject.lines).toMatchObject([
      { level: 40, failures: 1, delay, msg: 'store: locked; trying again' },
    ]);
  });
});

describe('a part that a start needs', () => {
  test('is waited for while it is not there', async () => {
    const subject = new Subject();
    const call = subject.start([unavailable, unavailable]);
    await subject.endWait();
    expect(subject.availability.problems).toEqual(['store: locked']);
    await subject.endWait();
    expect(await call).toBe('served');
    expect(subject.availability.problems).toEqual([]);
  });

  test('is not waited for when the set-up is what must change', async () => {
    const subject = new Subject();
    await expect(subject.start([notGranted])).rejects.toBe(notGranted);
    expect(subject.waits).toEqual([]);
  });
});

describe('when it is told to stop', () => {
  test('a wait ends at once with the reason', async () => {
    const subject = new Subject();
    const call = subject.call([unavailable]);
    await expect.poll(() => subject.waits.length).toBe(1);
    subject.controller.abort(new Error('stopping'));
    await expect(call).rejects.toThrow('stopping');
    expect(subject.availability.problems).toEqual([]);
  });

  test('a call that fails afterwards is not waited for', async () => {
    const subject = new Subject();
    subject.controller.abort(new Error('stopping'));
    await expect(subject.call([unavailable])).rejects.toThrow('stopping');
    expect(subject.waits).toEqual([]);
  });

  test('a call that succeeds all the same gives its result', async () => {
    const subject = new Subject();
    subject.controller.abort(new Error('stopping'));
    expect(await subject.call([])).toBe('served');
  });
});
