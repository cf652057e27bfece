import { describe, expect, test } from 'vitest';
import type { DeadLetter } from '../../src/kafka/deadLetters.ts';
import { Outstanding } from '../../src/pipeline/delivery.ts';
import { Intake } from '../../src/pipeline/intake.ts';
import { deadLettered, delivered, skipped } from '../../src/pipeline/outcome.ts';
import { createSettle } from '../../src/pipeline/settle.ts';
import type { LedgerEntry } from '../../src/store/store.ts';
import { ManualClock, settlePromises } from '../manualClock.ts';
import { delivery, record, silentMetrics, silentSpan } from './fixtures.ts';

/** A settle step whose writes end when the test says so; `events` has what happened, in order. */
function start() {
  const events: string[] = [];
  const writes: (() => void)[] = [];
  const written = (event: string) =>
    new Promise<void>((resolve) => {
      writes.push(() => {
        events.push(event);
        resolve();
      });
    });
  const intake = new Intake();
  const outstanding = new Outstanding();
  const settle = createSettle({
    intake,
    outstanding,
    ledger: {
      claim: async () => [],
      settle: (entries: readonly LedgerEntry[]) =>
        written(`ledger ${entries.map(({ state }) => state).join(' ')}`),
      release: () => written('release'),
      abandon: () => written('abandon'),
      isWithinLease: true,
      count: async () => 0,
    },
    deadLetters: {
      send: (letters: readonly DeadLetter[]) => written(`dead letters ${letters.length}`),
    },
    clock: new ManualClock(),
    metrics: silentMetrics,
    traces: { startProcess: () => silentSpan, isSampled: () => false },
    untilAvailable: (work) => work(),
    onFailure: (thrown) => events.push(String(thrown)),
  });
  async function finishWrites() {
    await settlePromises();
    for (const finish of writes.splice(0)) finish();
    await settlePromises();
  }
  return { settle, intake, outstanding, events, finishWrites };
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
    expect(events).toEqual(['dead letters 1', 'ledger rejected']);
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
});
