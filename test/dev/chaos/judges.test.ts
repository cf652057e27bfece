import { describe, expect, test } from 'vitest';
import { findBackwardCommits, findEarlyCommits } from '../../../dev/chaos/judgeCommits.ts';
import { findBadStops, findUnaskedEnds } from '../../../dev/chaos/judgeEnds.ts';
import { findLosses } from '../../../dev/chaos/judgeOutcomes.ts';
import { findRepeatedSends } from '../../../dev/chaos/judgeSends.ts';
import { judge } from '../../../dev/chaos/verdict.ts';
import { evidenceOf, fault, received } from './evidence.ts';

describe('a postback that comes again', () => {
  const twice = [received('order', 2_000), received('order', 9_000)];

  test('is explained by a kill while the first answer was on its way', () => {
    const kill = fault('kill', 2_050, 2_500);
    expect(findRepeatedSends(twice, [kill])).toMatchObject([{ firstAt: 2_000, cause: kill }]);
  });

  test.each([
    ['nothing', []],
    ['a kill before the first', [fault('kill', 1_000)]],
    ['a kill after the second', [fault('kill', 9_500)]],
    ['a kill long after the first was answered', [fault('kill', 8_900)]],
    ['a deployment', [fault('deploy', 2_050)]],
    ['a member that came', [fault('storm', 2_050)]],
  ])('is explained by no %s', (_, faults) => {
    expect(findRepeatedSends(twice, faults)).toMatchObject([{ cause: undefined }]);
  });

  test('is explained by a kill long after its answer while the store was locked', () => {
    const faults = [fault('store-locked', 2_010, 8_500), fault('kill', 8_900)];
    expect(findRepeatedSends(twice, faults)).toMatchObject([{ cause: faults[1] }]);
  });

  test('is explained by a kill after several faults that delayed its outcome, one after the other', () => {
    const again = [received('order', 2_000, 404), received('order', 60_000, 404)];
    const kill = fault('kill', 55_000);
    const delays = [fault('broker-kill', 2_500, 20_000), fault('kafka-down', 30_000, 40_000)];
    expect(findRepeatedSends(again, [...delays, kill])[0]?.cause).toEqual(kill);
    expect(findRepeatedSends(again, [...delays.slice(1), kill])[0]?.cause).toBeUndefined();
    const apart = [fault('broker-kill', 2_500, 3_500), fault('kafka-down', 30_000, 40_000)];
    expect(findRepeatedSends(again, [...apart, kill])[0]?.cause).toBeUndefined();
  });

  test.each([
    ['hung', fault('database-hang', 2_010, 8_500), 17_900],
    ['was restarted', fault('database-restart', 2_010, 4_000), 12_000],
  ])(
    'is explained by a kill until its outcome is written, once the database %s',
    (_, database, at) => {
      const again = [received('order', 2_000), received('order', 30_000)];
      const kill = fault('kill', at);
      expect(findRepeatedSends(again, [database, kill])).toMatchObject([{ cause: kill }]);
      expect(findRepeatedSends(again, [database])).toMatchObject([{ cause: undefined }]);
      const muchLater = fault('kill', database.until + 16_500);
      expect(findRepeatedSends(again, [database, muchLater])).toMatchObject([{ cause: undefined }]);
    },
  );

  test.each([503, 429, 401, null])('after the answer %s needs no explanation', (status) => {
    const again = [received('order', 2_000, status), received('order', 3_000)];
    expect(findRepeatedSends(again, [])).toEqual([]);
  });

  test('is explained by a receiver that hung, and then took what had been sent meanwhile', () => {
    const hang = fault('receiver-hang', 1_000, 8_000);
    const takenTwice = [received('order', 8_010), received('order', 8_060)];
    expect(findRepeatedSends(takenTwice, [hang])[0]?.cause).toEqual(hang);
    const muchLater = [received('order', 9_000), received('order', 9_060)];
    expect(findRepeatedSends(muchLater, [hang])[0]?.cause).toBeUndefined();
  });

  test('after a rejection needs one too', () => {
    const again = [received('order', 2_000, 404), received('order', 3_000, 404)];
    expect(findRepeatedSends(again, [])).toHaveLength(1);
  });
});

describe('commits', () => {
  test('of a partition must not go back; those of others have nothing to do with it', () => {
    const commits = [
      { at: 1, topic: 'orders', partition: 0, offset: 8 },
      { at: 2, topic: 'orders', partition: 1, offset: 3 },
      { at: 3, topic: 'orders', partition: 0, offset: 7 },
    ];
    expect(findBackwardCommits(commits)).toEqual([commits[2]]);
  });

  test('must not pass a conversion that Powerspace has not got', () => {
    expect(findEarlyCommits(evidenceOf())).toEqual([]);
    const late = evidenceOf({ received: [received('order', 3_500)] });
    expect(findEarlyCommits(late)).toMatchObject([{ settledAt: 3_500 }]);
    const never = evidenceOf({ received: [received('order', 2_000, 503)] });
    expect(findEarlyCommits(never)).toMatchObject([{ settledAt: undefined }]);
  });

  test('may pass a conversion that is dead-lettered', () => {
    const { kafka } = evidenceOf();
    const deadLetters = new Map([['o-1', { reason: 'undeliverable', at: 2_500 }]]);
    const evidence = evidenceOf({ received: [], kafka: { ...kafka, deadLetters } });
    expect(findEarlyCommits(evidence)).toEqual([]);
  });
});

describe('outcomes', () => {
  test('a conversion that nobody has got is lost', () => {
    const unanswered = [received('order', 2_000, null)];
    expect(findLosses(evidenceOf({ received: unanswered })).lost).toEqual(['o-1: order c-1']);
  });

  test('an unreadable record without its dead letter is lost', () => {
    const { lost } = findLosses(evidenceOf({ unreadableKeys: ['bad-1'] }));
    expect(lost).toEqual(['bad-1: unreadable']);
  });

  test('another value than was ordered, and a click that nobody has, are recorded wrongly', () => {
    const entries = [{ ...received('order', 2_000), value: '21' }, received('lead', 1_000)];
    expect(findLosses(evidenceOf({ received: entries })).wrong).toEqual([
      'o-1: order c-1: 21 instead of 20.00',
      'lead c-1 was never produced',
    ]);
  });

  test('an order before its lead is out of order', () => {
    const entries = [received('order', 1_000), received('lead', 2_000)];
    expect(findLosses(evidenceOf({ received: entries })).outOfOrder).toEqual([
      { id: 'order c-1', at: 1_000 },
    ]);
  });
});

describe('ends', () => {
  const end = { startedAt: 1_000, at: 2_000, logFile: 'log', exit: 'exit code 1' };

  test.each([false, true])('that nobody asked for are never right (reading: %s)', (wasReading) => {
    const unaskedEnds = [{ ...end, wasReading }];
    const faults = [fault('broker-kill', 500, 1_500)];
    expect(findUnaskedEnds(evidenceOf({ unaskedEnds, faults }))).toEqual(unaskedEnds);
  });

  test('after SIGTERM are to be good unless a part is down', () => {
    const badStops = [{ ...end, askedAt: 1_000 }];
    expect(findBadStops(evidenceOf({ badStops }))).toEqual(badStops);
    const faults = [fault('kafka-down', 500, 1_500)];
    expect(findBadStops(evidenceOf({ badStops, faults }))).toEqual([]);
  });
});

describe('the verdict', () => {
  const peaks = { residentMegabytes: 100, descriptors: 50, sockets: 10 };
  const broken = (evidence: ReturnType<typeof evidenceOf>, seen = peaks) =>
    judge(evidence, seen).findings.filter(({ count }) => count > 0);

  test('finds nothing in a run that went well but the lead that this one lacks', () => {
    const evidence = evidenceOf({ received: [received('order', 2_000)] });
    expect(broken(evidence).map(({ name }) => name)).toEqual(['orders before their lead']);
  });

  test('asks for no order while another member has partitions, and counts it', () => {
    const faults = [fault('storm', 1_000, 3_000)];
    const during = evidenceOf({ faults, received: [received('order', 2_000)] });
    expect(broken(during)).toEqual([]);
    expect(judge(during, peaks).ordersBeforeLead).toBe(1);
    const later = evidenceOf({ faults, received: [received('order', 14_000)] });
    expect(broken(later).map(({ name }) => name)).toContain('orders before their lead');
  });

  test('asks of two replicas no order among what each of them sends, and counts it', () => {
    const evidence = evidenceOf({ replicas: 2, received: [received('order', 2_000)] });
    expect(broken(evidence)).toEqual([]);
    expect(judge(evidence, peaks).ordersBeforeLead).toBe(1);
  });

  test('allows a kill to send what was in flight twice, and no more', () => {
    const kill = fault('kill', 2_050);
    const entries = Array.from({ length: 65 }, (_, number) => ({
      ...received('order', 2_000),
      clickId: `c-${number}`,
    }));
    const again = entries.map((entry) => ({ ...entry, at: 9_000 }));
    const names = (count: number) =>
      broken(evidenceOf({ received: [...entries, ...again.slice(0, count)], faults: [kill] })).map(
        ({ name }) => name,
      );
    expect(names(64)).not.toContain('kills that sent more twice than were in flight');
    expect(names(65)).toContain('kills that sent more twice than were in flight');
  });

  test('names what was used beyond its bound', () => {
    const [found] = broken(evidenceOf(), { ...peaks, residentMegabytes: 900 }).slice(-1);
    expect(found?.examples).toEqual(['residentMegabytes: 900, more than 512']);
  });
});
