import { describe, expect, test } from 'vitest';
import { AssignedPartition, type SourceRecord } from '../../src/kafka/partition.ts';
import type { AttemptResult } from '../../src/powerspace/answer.ts';
import { settlePromises } from '../manualClock.ts';
import { answered, minute, second, start } from './deliverer.ts';
import { delivery, record } from './fixtures.ts';

describe('in an outage with ten thousand postbacks waiting', () => {
  const waiting = () => Array.from({ length: 10_000 }, (_, number) => delivery(`a-${number}`));

  test.each([503, 401])(
    'that answers %d at most one a second goes out, and each has its turn',
    async (status) => {
      const sentAt: number[] = [];
      const { deliverer, clock, attempts } = start(() => {
        sentAt.push(clock.now());
        return answered(status);
      });
      const begin = clock.now();
      deliverer.add(waiting());
      await clock.advance(10 * minute);
      const probes = sentAt.filter((at) => at > begin);
      const gaps = probes.map((at, index) => at - (probes[index - 1] ?? begin));
      expect(Math.min(...gaps)).toBeGreaterThanOrEqual(second);
      expect(probes.length).toBeGreaterThan(10);
      expect(new Set(attempts).size).toBe(attempts.length);
    },
  );

  test('they flow with the first probe that gets through', async () => {
    let status = 503;
    const { deliverer, clock, outcomes } = start(() => answered(status));
    deliverer.add(waiting());
    await clock.advance(10 * minute);
    status = 200;
    await clock.advance(minute);
    while (deliverer.inFlight > 0) await settlePromises();
    expect(Object.keys(outcomes)).toHaveLength(10_000);
  });
});

describe('when every postback is rejected', () => {
  const many = (count: number) =>
    Array.from({ length: count }, (_, number) => delivery(`a-${number}`));

  test('twenty go to the dead letters, then one a minute: the backlog waits, and nothing stands still', async () => {
    const { deliverer, clock, attempts, outcomes } = start(() => answered(400), {
      concurrency: 1,
    });
    deliverer.add(many(1_000));
    await clock.advance(minute - 1);
    expect(attempts).toHaveLength(20);
    await clock.advance(10 * minute);
    expect(attempts).toHaveLength(30);
    expect(Object.values(outcomes)).toHaveLength(30);
  });

  test('one that is recorded lets all others go', async () => {
    let status = 404;
    const { deliverer, clock, outcomes } = start(() => answered(status), { concurrency: 1 });
    deliverer.add(many(100));
    await clock.advance(30 * second);
    status = 200;
    await clock.advance(30 * second);
    const delivered = Object.values(outcomes).filter(({ outcome }) => outcome === 'delivered');
    expect([delivered.length, Object.values(outcomes).length]).toEqual([80, 100]);
  });
});

test('one that alone is forbidden, as by a firewall, is given up, and delays the others little', async () => {
  const { deliverer, clock, outcomes } = start(({ postback }) =>
    answered(postback.clickId === 'odd' ? 403 : 200),
  );
  deliverer.add([delivery('odd', { clickId: 'odd' })]);
  let delayed = 0;
  for (let number = 0; number < 360; number += 1) {
    deliverer.add([delivery(`a-${number}`)]);
    await clock.advance(5 * second);
    if (!outcomes[`a-${number}`]) delayed += 1;
    await clock.advance(15 * second);
  }
  expect(outcomes['odd']).toMatchObject({ outcome: 'dead-lettered', reason: 'undeliverable' });
  expect(Object.keys(outcomes)).toHaveLength(361);
  expect(delayed).toBeLessThan(36);
});

test('nothing is given up while everything is held, however short giveUpAfter is', async () => {
  const { deliverer, clock, outcomes } = start(() => answered(401), { giveUpAfter: 0 });
  deliverer.add(Array.from({ length: 100 }, (_, number) => delivery(`a-${number}`)));
  await clock.advance(600 * minute);
  expect(outcomes).toEqual({});
});

describe('a hold is told', () => {
  const [info, error] = [30, 50];

  test.each([
    ['transient', 503, 10],
    ['setup', 401, 1],
    ['rejected', 400, 20],
  ])(
    'once as an error, with its reason %s and the cause; and its end',
    async (hold, code, count) => {
      let status = code;
      const { deliverer, clock, logged } = start(() => answered(status), { concurrency: 1 });
      deliverer.add(Array.from({ length: count + 9 }, (_, number) => delivery(`a-${number}`)));
      await clock.advance(3 * minute);
      const told = { level: error, hold, error: `Powerspace answered ${code}` };
      expect(logged).toMatchObject([told]);
      status = 200;
      await clock.advance(2 * minute);
      expect(logged).toMatchObject([told, { level: info, hold }]);
    },
  );

  test('again when its reason becomes another one', async () => {
    let status = 503;
    const { deliverer, clock, logged } = start(() => answered(status), { concurrency: 1 });
    deliverer.add(Array.from({ length: 20 }, (_, number) => delivery(`a-${number}`)));
    await clock.advance(minute);
    status = 403;
    await clock.advance(5 * minute);
    expect(logged).toMatchObject([
      { level: error, hold: 'transient' },
      { level: error, hold: 'setup', error: 'Powerspace answered 403' },
    ]);
  });
});

describe('a postback of a partition that others have by now', () => {
  const owned = new AssignedPartition('orders', 1);
  const isStillOurs = ({ partition }: SourceRecord) => partition === owned.partition;

  test('is given back at once, though it waits for its retry, and with it the next of its click', async () => {
    const { deliverer, clock, attempts, givenBack } = start(() => answered(429, '3600'));
    const lost = record(0);
    deliverer.add([
      delivery('first', { source: lost, clickId: 'click' }),
      delivery('second', { source: record(1, lost.source), clickId: 'click', at: 1 }),
    ]);
    await settlePromises();
    deliverer.giveBackLost(isStillOurs);
    expect(givenBack).toEqual([]);
    lost.source.isRevoked = true;
    deliverer.giveBackLost(isStillOurs);
    await settlePromises();
    expect(givenBack).toEqual(['first', 'second']);
    expect(clock.pending).toBe(0);
    expect(attempts).toEqual(['first']);
  });

  test('is given back at once, though it comes behind one of its click that is ours and waits for its retry', async () => {
    const { deliverer, clock, attempts, givenBack, outcomes } = start(({ attempts: made }) =>
      answered(made < 2 ? 429 : 200, '3600'),
    );
    const lost = record(0);
    deliverer.add([
      delivery('ours', { source: record(0, owned), clickId: 'click' }),
      delivery('lost', { source: lost, clickId: 'click', at: 1 }),
      delivery('ours too', { source: record(1, owned), clickId: 'click', at: 2 }),
    ]);
    await settlePromises();
    lost.source.isRevoked = true;
    deliverer.giveBackLost(isStillOurs);
    await settlePromises();
    expect(givenBack).toEqual(['lost']);
    await clock.advance(60 * minute);
    expect(attempts).toEqual(['ours', 'ours', 'ours too']);
    expect(outcomes).toMatchObject({ ours: { outcome: 'delivered' } });
  });

  test('is given back at once, though nothing is sent but a probe', async () => {
    const { deliverer, givenBack } = start(() => answered(401));
    const lost = record(0);
    deliverer.add([
      delivery('ours', { source: record(0, owned) }),
      delivery('lost', { source: lost }),
    ]);
    await settlePromises();
    lost.source.isRevoked = true;
    deliverer.giveBackLost(isStillOurs);
    await settlePromises();
    expect(givenBack).toEqual(['lost']);
  });

  test('is given back when its attempt has failed, without a wait for the next', async () => {
    const answer = Promise.withResolvers<AttemptResult>();
    const { deliverer, clock, givenBack } = start(() => answer.promise);
    const lost = record(0);
    deliverer.add([delivery('a', { source: lost })]);
    await settlePromises();
    lost.source.isRevoked = true;
    deliverer.giveBackLost(isStillOurs);
    expect(givenBack).toEqual([]);
    answer.resolve(answered(503));
    await settlePromises();
    expect([givenBack, clock.pending]).toEqual([['a'], 0]);
  });

  test('waits where it was, when the partition came back', async () => {
    const { deliverer, clock, attempts, givenBack } = start(({ attempts: made }) =>
      answered(made < 2 ? 503 : 200),
    );
    const kept = record(0, owned);
    deliverer.add([delivery('a', { source: kept })]);
    await settlePromises();
    kept.source.isRevoked = true;
    deliverer.giveBackLost(isStillOurs);
    kept.source.isRevoked = false;
    await clock.advance(minute);
    expect([attempts, givenBack]).toEqual([['a', 'a'], []]);
  });
});

test('nothing is sent while others may have taken us for ended', async () => {
  let isWithinSession = false;
  const { deliverer, clock, attempts } = start(() => answered(200), {
    isWithinSession: () => isWithinSession,
  });
  deliverer.add([delivery('a'), delivery('b')]);
  await clock.advance(minute);
  expect(attempts).toEqual([]);
  isWithinSession = true;
  await clock.advance(100);
  expect(attempts).toEqual(['a', 'b']);
});
