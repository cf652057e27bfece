import { describe, expect, test } from 'vitest';
import type { AttemptResult } from '../../src/powerspace/answer.ts';
import { settlePromises } from '../manualClock.ts';
import { answered, failed, minute, second, start } from './deliverer.ts';
import { delivery, record } from './fixtures.ts';

describe('beyond the session in the group', () => {
  test('nothing is sent until the group has answered', async () => {
    let isWithinSession = false;
    const { deliverer, clock, attempts, outcomes } = start(() => answered(200), {
      isWithinSession: () => isWithinSession,
    });
    deliverer.add([delivery('a')]);
    await clock.advance(minute);
    expect(attempts).toEqual([]);
    isWithinSession = true;
    await clock.advance(second);
    expect(outcomes).toEqual({ a: { outcome: 'delivered' } });
  });

  test('what is no longer ours is given back all the same', async () => {
    const { deliverer, givenBack } = start(() => answered(200), { isWithinSession: () => false });
    const lost = delivery('a');
    lost.record.source.isRevoked = true;
    deliverer.add([lost]);
    await settlePromises();
    expect(givenBack).toEqual(['a']);
  });
});

describe('one postback', () => {
  test('is delivered by a 200, with one attempt', async () => {
    const { deliverer, outcomes, attempts } = start(() => answered(200));
    deliverer.add([delivery('a')]);
    await settlePromises();
    expect([outcomes, attempts]).toEqual([{ a: { outcome: 'delivered' } }, ['a']]);
  });

  test.each([
    [400, 'rejected'],
    [404, 'unknown-click'],
    [422, 'rejected'],
  ])('is dead-lettered by a %d as %s, with one attempt', async (status, reason) => {
    const { deliverer, outcomes, attempts } = start(() => answered(status));
    deliverer.add([delivery('a')]);
    await settlePromises();
    expect(outcomes['a']).toMatchObject({ outcome: 'dead-lettered', reason });
    expect(attempts).toHaveLength(1);
  });

  test('is sent again after a 503 until it is recorded', async () => {
    const { deliverer, clock, outcomes, attempts } = start(({ attempts: made }) =>
      answered(made < 4 ? 503 : 200),
    );
    deliverer.add([delivery('a')]);
    await clock.advance(minute);
    expect(outcomes).toEqual({ a: { outcome: 'delivered' } });
    expect(attempts).toHaveLength(4);
  });

  test('waits as long as Retry-After says', async () => {
    const { deliverer, clock, attempts } = start(() => answered(429, '90'));
    deliverer.add([delivery('a')]);
    await clock.advance(89 * second);
    expect(attempts).toHaveLength(1);
    await clock.advance(2 * second);
    expect(attempts).toHaveLength(2);
  });

  test('is given up once it has failed for long enough while others get through', async () => {
    const { deliverer, clock, outcomes } = start(
      ({ key }) => answered(key.toString() === 'bad' ? 503 : 200),
      { giveUpAfter: 10 * minute },
    );
    deliverer.add([delivery('bad')]);
    for (let passed = 0; passed < 20; passed += 1) {
      deliverer.add([delivery(`good-${passed}`)]);
      await clock.advance(minute);
    }
    expect(outcomes['bad']).toMatchObject({ outcome: 'dead-lettered', reason: 'undeliverable' });
  });

  test('is not given up in an outage, however long', async () => {
    const { deliverer, clock, outcomes } = start(() => answered(503), { giveUpAfter: minute });
    deliverer.add(Array.from({ length: 20 }, (_, number) => delivery(`a-${number}`)));
    await clock.advance(24 * 60 * minute);
    expect(outcomes).toEqual({});
  });
});

describe('a postback that may have arrived', () => {
  test('is sent again', async () => {
    const { deliverer, clock, outcomes } = start(({ attempts }) =>
      attempts === 1 ? failed('after-request') : answered(200),
    );
    deliverer.add([delivery('a')]);
    await clock.advance(minute);
    expect(outcomes).toEqual({ a: { outcome: 'delivered' } });
  });

  test('is dead-lettered where ambiguous ones are to be held', async () => {
    const { deliverer, outcomes } = start(() => failed('after-request'), { onAmbiguous: 'hold' });
    deliverer.add([delivery('a')]);
    await settlePromises();
    expect(outcomes['a']).toMatchObject({ outcome: 'dead-lettered', reason: 'held' });
  });

  test('is not sent at all, where they are to be held, when an earlier run was interrupted', async () => {
    const { deliverer, outcomes, attempts } = start(() => answered(200), { onAmbiguous: 'hold' });
    deliverer.add([delivery('a', { wasInterrupted: true })]);
    await settlePromises();
    expect(outcomes['a']).toMatchObject({ outcome: 'dead-lettered', reason: 'held' });
    expect(attempts).toEqual([]);
  });
});

describe('many postbacks', () => {
  test('go out as many at once as allowed, and not one more', async () => {
    let inFlight = 0;
    let most = 0;
    const { deliverer, outcomes } = start(
      async () => {
        inFlight += 1;
        most = Math.max(most, inFlight);
        await settlePromises();
        inFlight -= 1;
        return answered(200);
      },
      { concurrency: 8 },
    );
    deliverer.add(Array.from({ length: 100 }, (_, number) => delivery(`a-${number}`)));
    while (deliverer.inFlight > 0) await settlePromises();
    expect(Object.keys(outcomes)).toHaveLength(100);
    expect(most).toBe(8);
  });

  test('of one click go out one after the other, in the order of their events', async () => {
    const { deliverer, clock, attempts } = start(({ key, attempts: made }) =>
      answered(key.toString() === 'lead' && made === 1 ? 503 : 200),
    );
    const clickId = 'click-1';
    deliverer.add([
      delivery('order-2', { clickId, at: 3 }),
      delivery('lead', { clickId, at: 1 }),
      delivery('order-1', { clickId, at: 2 }),
      delivery('other', { clickId: 'click-2', at: 9 }),
    ]);
    await clock.advance(minute);
    expect(attempts).toEqual(['lead', 'other', 'lead', 'order-1', 'order-2']);
  });

  test('hold after ten transient failures: then one at a time probes, until one gets through', async () => {
    let status = 503;
    const { deliverer, clock, attempts, outcomes } = start(() => answered(status), {
      concurrency: 1,
    });
    deliverer.add(Array.from({ length: 100 }, (_, number) => delivery(`a-${number}`)));
    await clock.advance(0);
    expect(attempts).toHaveLength(10);
    await clock.advance(10 * minute);
    expect(attempts.length).toBeLessThan(30);
    status = 200;
    await clock.advance(2 * minute);
    expect(Object.keys(outcomes)).toHaveLength(100);
  });

  test('hold at once when something is set up wrongly, and lose nothing', async () => {
    let status = 302;
    const { deliverer, clock, attempts, outcomes } = start(() => answered(status), {
      concurrency: 1,
    });
    deliverer.add([delivery('a'), delivery('b')]);
    await clock.advance(0);
    expect(attempts).toHaveLength(1);
    status = 200;
    await clock.advance(minute);
    expect(outcomes).toEqual({ a: { outcome: 'delivered' }, b: { outcome: 'delivered' } });
  });
});

describe('what is no longer ours', () => {
  test('is given back and not sent', async () => {
    const { deliverer, attempts, givenBack } = start(() => answered(200));
    const source = record(0);
    source.source.isRevoked = true;
    deliverer.add([delivery('a', { source })]);
    await settlePromises();
    expect([attempts, givenBack]).toEqual([[], ['a']]);
  });

  test('is given back when draining, after what is in flight has ended', async () => {
    const answer = Promise.withResolvers<AttemptResult>();
    const { deliverer, clock, outcomes, givenBack } = start(() => answer.promise, {
      concurrency: 1,
    });
    deliverer.add([delivery('sent'), delivery('waiting')]);
    deliverer.stop();
    const drained = deliverer.drain();
    await settlePromises();
    expect(givenBack).toEqual([]);
    answer.resolve(answered(200));
    await drained;
    expect([Object.keys(outcomes), givenBack]).toEqual([['sent'], ['waiting']]);
    expect(clock.pending).toBe(0);
  });

  test('in retry when draining is given back, and no timer stays', async () => {
    const { deliverer, clock, givenBack } = start(() => answered(503));
    deliverer.add([delivery('a')]);
    await settlePromises();
    deliverer.stop();
    await deliverer.drain();
    expect([givenBack, clock.pending]).toEqual([['a'], 0]);
  });

  test('is held, and not given back, where ambiguous ones are to be held and an earlier run was interrupted', async () => {
    const { deliverer, outcomes, givenBack } = start(() => answered(200), { onAmbiguous: 'hold' });
    const source = record(0);
    source.source.isRevoked = true;
    deliverer.add([delivery('a', { source, wasInterrupted: true })]);
    await settlePromises();
    expect([outcomes['a'], givenBack]).toMatchObject([{ reason: 'held' }, []]);
  });

  test('and may have arrived in an earlier run keeps its claim when draining, for the next run to hold', async () => {
    const answer = Promise.withResolvers<AttemptResult>();
    const options = { concurrency: 1, onAmbiguous: 'hold' } as const;
    const { deliverer, givenBack } = start(() => answer.promise, options);
    deliverer.add([delivery('sent'), delivery('interrupted', { wasInterrupted: true })]);
    deliverer.stop();
    answer.resolve(answered(200));
    await deliverer.drain();
    expect(givenBack).toEqual([]);
  });

  test('and has its outcome keeps its claim when that could not be noted before time was up', async () => {
    const timeIsUp = new Error('no time left');
    const conclude = () => Promise.reject(timeIsUp);
    const { deliverer, failures, givenBack } = start(() => answered(200), { conclude });
    deliverer.add([delivery('a')]);
    await settlePromises();
    deliverer.stop();
    await deliverer.drain();
    expect([failures, givenBack]).toEqual([[timeIsUp], []]);
  });
});

test('a fault of our own is reported, and not taken for an outcome', async () => {
  const { deliverer, failures, outcomes } = start(() => {
    throw new TypeError('ours');
  });
  deliverer.add([delivery('a')]);
  await settlePromises();
  expect([failures, outcomes]).toEqual([[new TypeError('ours')], {}]);
});
