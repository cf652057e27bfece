import { describe, expect, test } from 'vitest';
import { toError } from '../../src/errors.ts';
import type { DeadLetter } from '../../src/kafka/deadLetters.ts';
import { AssignedPartition, SourceRecord } from '../../src/kafka/partition.ts';
import { Outstanding } from '../../src/pipeline/delivery.ts';
import { Intake } from '../../src/pipeline/intake.ts';
import { deadLettered, delivered, duplicate, skipped } from '../../src/pipeline/outcome.ts';
import { createSettle } from '../../src/pipeline/settle.ts';
import { SharedRecords } from '../../src/pipeline/sharedRecords.ts';
import type { LedgerEntry } from '../../src/store/store.ts';
import { ManualClock, settlePromises } from '../manualClock.ts';
import { delivery, record, silentMetrics, silentSpan } from './fixtures.ts';

/** The error of a dead letter that its topic does not take. */
const tooLarge = 'larger than the topic takes';

/** A settle step whose writes end when the test says so; `events` has what happened, in order. */
function start() {
  const events: string[] = [];
  const counts: string[] = [];
  const writes: (() => void)[] = [];
  const written = (event: string) =>
    new Promise<void>((resolve) => {
      writes.push(() => {
        events.push(event);
        resolve();
      });
    });
  const intake = new Intake();
  const sharedRecords = new SharedRecords();
  const outstanding = new Outstanding();
  const settle = createSettle({
    intake,
    sharedRecords,
    outstanding,
    ledger: {
      claim: async () => [],
      settle: (entries: readonly LedgerEntry[]) =>
        written(`ledger ${entries.map(({ state }) => state).join(' ')}`),
      release: () => written('release'),
      abandon: () => written('abandon'),
      isWithinLease: () => true,
      purge: async () => 0,
      count: async () => 0,
    },
    deadLetters: {
      send: async (letters: readonly DeadLetter[]) => {
        await written(
          `dead letters ${[letters.length, ...letters.map(({ kind }) => kind ?? '')].join(' ').trim()}`,
        );
        return letters.filter(({ error }) => error === tooLarge);
      },
    },
    clock: new ManualClock(),
    metrics: {
      ...silentMetrics,
      recordsSettled: (_topic, outcome, reason = '') =>
        counts.push(outcome === 'skipped' ? `skipped ${reason}` : outcome),
    },
    traces: { startProcess: () => silentSpan, isSampled: () => false },
    async untilAvailable(work) {
      for (;;) {
        try {
          return await work();
        } catch (thrown) {
          events.push(toError(thrown).message);
        }
      }
    },
    onFailure: (thrown) => events.push(String(thrown)),
  });
  async function finishWrites() {
    await settlePromises();
    for (const finish of writes.splice(0)) finish();
    await settlePromises();
  }
  return { settle, intake, sharedRecords, counts, outstanding, events, finishWrites };
}

const isSettled = (settled: ReturnType<typeof record>) =>
  settled.source.watermark.offset === settled.offset + 1;

describe('settling', () => {
  test('frees the offset of a skipped record at once', () => {
    const { settle, intake } = start();
    const skippedRecord = record(4);
    intake.add([skippedRecord]);
    settle.early([{ record: skippedRecord, outcome: skipped('no-click') }]);
    expect([isSettled(skippedRecord), intake.heldRecords]).toEqual([true, 0]);
  });

  test('frees the offset of a dead letter only once it is produced', async () => {
    const { settle, finishWrites, events } = start();
    const bad = record(4);
    settle.early([{ record: bad, outcome: deadLettered('undecodable', 'no Avro') }]);
    await settlePromises();
    expect(isSettled(bad)).toBe(false);
    await finishWrites();
    expect([isSettled(bad), events]).toEqual([true, ['dead letters 1']]);
  });

  test('holds no more of a fetch than the dead letter that waits for its topic', async () => {
    const { settle, finishWrites } = start();
    const fetched = Buffer.alloc(1_000_000);
    const source = new AssignedPartition('orders', 0);
    const message = { key: null, value: fetched.subarray(0, 5), timestamp: '0', offset: '4' };
    const bad = new SourceRecord(source, message);
    settle.early([{ record: bad, outcome: deadLettered('undecodable', 'no Avro') }]);
    expect(bad.value?.buffer).not.toBe(fetched.buffer);
    expect(bad.value).toEqual(fetched.subarray(0, 5));
    await finishWrites();
  });

  test('lets a dead letter that is too large for its topic hold up no other, and says what to do', async () => {
    const { settle, finishWrites, events } = start();
    const [large, other] = [record(4), record(5)];
    settle.early([
      { record: large, outcome: deadLettered('undecodable', tooLarge) },
      { record: other, outcome: deadLettered('undecodable', 'no Avro') },
    ]);
    await finishWrites();
    expect([large.source.watermark.offset, other.source.watermark.offset]).toEqual([4, 6]);
    await finishWrites();
    expect(events).toEqual([
      'dead letters 2',
      'dead letters 1',
      'the dead letter of orders/0/4: with 8 bytes it is larger than the topic of the dead letters takes; raise max.message.bytes of that topic',
    ]);
    expect(isSettled(large)).toBe(false);
  });

  test('frees the offset of a delivered postback only once the ledger has it', async () => {
    const { settle, outstanding, finishWrites } = start();
    const sent = delivery('a', { source: record(4) });
    outstanding.add(sent);
    const settling = settle.delivery(sent, delivered);
    await settlePromises();
    expect([isSettled(sent.record), outstanding.size]).toEqual([false, 1]);
    await finishWrites();
    await settling;
    expect([isSettled(sent.record), outstanding.size]).toEqual([true, 0]);
  });

  test('produces the dead letter of a rejected postback before the ledger has it', async () => {
    const { settle, finishWrites, events } = start();
    const settling = settle.delivery(delivery('a'), deadLettered('unknown-click', '404'));
    await finishWrites();
    await finishWrites();
    await settling;
    expect(events).toEqual(['dead letters 1 order', 'ledger rejected']);
  });

  test('settles under the record that was read last, when a rebalance comes in between', async () => {
    const { settle, finishWrites } = start();
    const [before, again] = [record(4), record(4)];
    const sent = delivery('a', { source: before });
    const settling = settle.delivery(sent, delivered);
    sent.adopt(again);
    await finishWrites();
    await settling;
    expect([isSettled(before), isSettled(again)]).toEqual([false, true]);
  });

  test('leaves the offset of what is given back alone', async () => {
    const { settle, outstanding, finishWrites, events } = start();
    const sent = delivery('a', { source: record(4) });
    outstanding.add(sent);
    const giving = settle.giveBack(sent);
    await finishWrites();
    await giving;
    expect([isSettled(sent.record), outstanding.size, events]).toEqual([false, 0, ['release']]);
  });

  test('abandons the claim of what may have arrived, so that whoever claims it next knows', async () => {
    const { settle, outstanding, finishWrites, events } = start();
    const sent = delivery('a', { source: record(4), wasInterrupted: true });
    outstanding.add(sent);
    const giving = settle.giveBack(sent);
    expect(outstanding.isReleasing([sent.key])).toBe(true);
    await finishWrites();
    await giving;
    expect([outstanding.size, events]).toEqual([0, ['abandon']]);
  });

  test('groups what comes in while a write is under way', async () => {
    const { settle, finishWrites, events } = start();
    const settling = [settle.delivery(delivery('a'), delivered)];
    await settlePromises();
    settling.push(
      settle.delivery(delivery('b'), delivered),
      settle.delivery(delivery('c'), delivered),
    );
    await finishWrites();
    await finishWrites();
    await Promise.all(settling);
    expect(events).toEqual(['ledger delivered', 'ledger delivered delivered']);
  });

  test('settles a record of two conversions with the last of them, and releases it once', async () => {
    const { settle, intake, sharedRecords, finishWrites } = start();
    const both = record(4);
    intake.add([both]);
    sharedRecords.share(both, 2);
    settle.early([{ record: both, kind: 'lead', outcome: skipped('no-click') }]);
    expect([isSettled(both), intake.heldRecords]).toEqual([false, 1]);
    const settling = settle.delivery(delivery('a', { source: both }), delivered);
    await finishWrites();
    await settling;
    expect([isSettled(both), intake.heldRecords, sharedRecords.size]).toEqual([true, 0, 0]);
  });

  test.each([
    ['dead-lettered', deadLettered('rejected', '400'), delivered],
    ['delivered', delivered, duplicate],
    ['duplicate', skipped('no-user'), duplicate],
    ['skipped recorded', skipped('recorded'), skipped('no-user')],
  ] as const)(
    'counts a record of two conversions once, by the weightier outcome: %s',
    async (counted, one, other) => {
      for (const outcomes of [
        [one, other],
        [other, one],
      ]) {
        const { settle, sharedRecords, counts, finishWrites } = start();
        const both = record(4);
        sharedRecords.share(both, 2);
        settle.early(outcomes.map((outcome) => ({ record: both, outcome })));
        await finishWrites();
        expect(counts).toEqual([counted]);
      }
    },
  );

  test('tells with a dead letter which of two conversions it is about', async () => {
    const { settle, sharedRecords, events, finishWrites } = start();
    const both = record(4);
    sharedRecords.share(both, 2);
    const order = delivery('a', { source: both });
    settle.early([
      { record: both, kind: 'lead', outcome: deadLettered('invalid-field', 'userId is a boolean') },
    ]);
    const settling = settle.delivery(order, delivered);
    await finishWrites();
    await settling;
    expect(events.toSorted()).toEqual(['dead letters 1 lead', 'ledger delivered']);
  });

  test('leaves the offset alone when one of two conversions is given back, whichever ends last', async () => {
    for (const order of ['given back first', 'delivered first'] as const) {
      const { settle, intake, sharedRecords, finishWrites } = start();
      const both = record(4);
      intake.add([both]);
      sharedRecords.share(both, 2);
      const ends = [
        () => settle.giveBack(delivery('a', { source: both })),
        () => settle.delivery(delivery('b', { source: both }), delivered),
      ];
      for (const end of order === 'given back first' ? ends : ends.toReversed()) {
        const ending = end();
        await finishWrites();
        await ending;
      }
      expect([isSettled(both), intake.heldRecords]).toEqual([false, 0]);
    }
  });

  test('lets each conversion of a record go on under the record that is read again', async () => {
    const { settle, intake, sharedRecords, finishWrites } = start();
    const [before, again] = [record(4), record(4)];
    intake.add([before, again]);
    for (const each of [before, again]) sharedRecords.share(each, 2);
    const [lead, order] = [delivery('a', { source: before }), delivery('b', { source: before })];
    for (const each of [lead, order]) settle.letGo(each.adopt(again));
    expect([isSettled(before), intake.heldRecords]).toEqual([false, 1]);
    const settling = [lead, order].map((each) => settle.delivery(each, delivered));
    await finishWrites();
    await Promise.all(settling);
    expect([isSettled(again), intake.heldRecords, sharedRecords.size]).toEqual([true, 0, 0]);
  });
});
