import type { Clock } from '../clock.ts';
import type { DeadLetter, DeadLetters } from '../kafka/deadLetters.ts';
import type { Postback } from '../powerspace/request.ts';
import { stepDone } from '../steps.ts';
import type { Ledger, LedgerEntry } from '../store/store.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Traces } from '../telemetry/traces.ts';
import type { UntilAvailable } from './availability.ts';
import type { Delivery, Outstanding } from './delivery.ts';
import { groupWrites } from './group.ts';
import type { Intake } from './intake.ts';
import { type Outcome, reasonOf } from './outcome.ts';
import type { Settlement } from './step.ts';

/** What settling needs. */
export interface SettleParts {
  readonly intake: Intake;
  readonly outstanding: Outstanding;
  readonly ledger: Ledger;
  readonly deadLetters: Pick<DeadLetters, 'send'>;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly traces: Traces;
  readonly untilAvailable: UntilAvailable;
  /** Something failed that no retry mends. */
  readonly onFailure: (thrown: unknown) => void;
}

/** Gives records their outcome: the last link, after which their offsets may be committed. */
export interface Settle {
  /** Settles what ended before it was claimed. Dead letters follow once they are produced. */
  early(settlements: readonly Settlement[]): void;
  /** Settles a delivery: dead letter first, then the ledger, then the offset. */
  delivery(delivery: Delivery, outcome: Outcome): Promise<void>;
  /** Gives the claim of a delivery back; its record is read again by whoever owns the partition. */
  giveBack(delivery: Delivery): Promise<void>;
  /** Resolves once every dead letter that was begun is produced, or given up because time ran out. */
  drain(): Promise<void>;
}

/** A crash between two of the steps repeats the later ones, and loses nothing. */
export function createSettle(parts: SettleParts): Settle {
  const { intake, outstanding, ledger, metrics, untilAvailable } = parts;
  const produce = groupWrites<DeadLetter>((letters) =>
    untilAvailable(() => parts.deadLetters.send(letters)),
  );
  const settleInLedger = groupWrites<LedgerEntry>((entries) =>
    untilAvailable(() => ledger.settle(entries)),
  );
  const releaseInLedger = groupWrites<Buffer>((keys) => untilAvailable(() => ledger.release(keys)));
  const abandonInLedger = groupWrites<Buffer>((keys) => untilAvailable(() => ledger.abandon(keys)));

  const producingDeadLetters = new Set<Promise<void>>();

  function finish({ record, outcome, span }: Settlement): void {
    const error = 'error' in outcome ? outcome.error : undefined;
    const reason = reasonOf(outcome);
    if (span) span.end(outcome.outcome, reason, error);
    else if (parts.traces.isSampled(record.headers)) {
      parts.traces.startProcess(record).end(outcome.outcome, reason, error);
    }
    record.source.watermark.settle(record.offset);
    intake.release(record);
  }

  async function deadLetter(settlement: Settlement, attempts: number): Promise<void> {
    const { record, outcome } = settlement;
    if (outcome.outcome === 'dead-lettered') {
      await produce({ record, reason: outcome.reason, error: outcome.error, attempts });
    }
  }

  return {
    early(settlements) {
      countRuns(settlements, metrics);
      for (const settlement of settlements) {
        if (settlement.outcome.outcome !== 'dead-lettered') {
          finish(settlement);
          continue;
        }
        const producing = deadLetter(settlement, 0)
          .then(() => finish(settlement))
          .catch(parts.onFailure)
          .finally(() => producingDeadLetters.delete(producing));
        producingDeadLetters.add(producing);
      }
    },
    async delivery(delivery, outcome) {
      await deadLetter({ record: delivery.record, outcome }, delivery.attempts);
      await settleInLedger(delivery.entry(ledgerState(outcome)));
      stepDone('recorded');
      outstanding.remove(delivery);
      const { record, span, postback } = delivery;
      delivery.postbackSpan.end(outcome.outcome, delivery.attempts);
      countRuns([{ record, outcome }], metrics);
      const seconds = (parts.clock.now() - delivery.readAt) / 1_000;
      metrics.postbackSettled(postback.kind, outcome.outcome, seconds);
      if (isOrderWithoutValue(postback)) metrics.valueMissing(record.topic);
      finish({ record, outcome, span });
    },
    async giveBack(delivery) {
      // Of one that may have been sent whoever claims it next must know.
      const { key, mayHaveArrived } = delivery;
      const release = mayHaveArrived ? abandonInLedger(key) : releaseInLedger(key);
      outstanding.releasing(delivery, release);
      delivery.postbackSpan.abandon();
      delivery.span.abandon();
      intake.release(delivery.record);
      await release;
    },
    async drain() {
      await Promise.all(producingDeadLetters);
    },
  };
}

/** Powerspace recommends a value; an order without one is worth a look at the events. */
function isOrderWithoutValue({ kind, value }: Postback): boolean {
  return kind === 'order' && value === undefined;
}

function ledgerState(outcome: Outcome): LedgerEntry['state'] {
  if (outcome.outcome !== 'dead-lettered') return 'delivered';
  return outcome.reason === 'rejected' || outcome.reason === 'unknown-click'
    ? 'rejected'
    : 'undeliverable';
}

/** Counts neighbours of one topic and one outcome together: on the common path that is one call a chunk. */
function countRuns(settlements: readonly Settlement[], metrics: Metrics): void {
  let count = 0;
  for (const [index, { record, outcome }] of settlements.entries()) {
    count += 1;
    const next = settlements[index + 1];
    if (next?.outcome === outcome && next.record.topic === record.topic) continue;
    metrics.recordsSettled(record.topic, outcome.outcome, reasonOf(outcome), count);
    count = 0;
  }
}
