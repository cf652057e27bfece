import type { Clock } from '../clock.ts';
import type { DeadLetters } from '../kafka/deadLetters.ts';
import type { SourceRecord } from '../kafka/partition.ts';
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
import { createProduce } from './produce.ts';
import type { Ending, SharedRecords } from './sharedRecords.ts';
import type { Settlement } from './step.ts';

/** Settles of the ledger under way together: while one waits for the disk the next is on its way. */
const settlesAtOnce = 2;

/** What settling needs. */
export interface SettleParts {
  readonly intake: Intake;
  readonly sharedRecords: SharedRecords;
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

/**
 * Gives records their outcome: the last link, after which their offsets may be committed. A record that reports
 * several conversions has its outcome once each of them has.
 */
export interface Settle {
  /** Settles what ended before it was claimed. Dead letters follow once they are produced. */
  early(settlements: readonly Settlement[]): void;
  /** Settles a delivery: dead letter first, then the ledger, then the offset. */
  delivery(delivery: Delivery, outcome: Outcome): Promise<void>;
  /** Gives the claim of a delivery back; its record is read again by whoever owns the partition. */
  giveBack(delivery: Delivery): Promise<void>;
  /** Lets go of a record, or of one of its conversions: another stands for it, or it is no longer ours. */
  letGo(record: SourceRecord): void;
  /** Resolves once every dead letter that was begun is produced, or given up because time ran out. */
  drain(): Promise<void>;
}

/** A crash between two of the steps repeats the later ones, and loses nothing. */
export function createSettle(parts: SettleParts): Settle {
  const { intake, sharedRecords, outstanding, ledger, metrics, untilAvailable } = parts;
  const produce = createProduce(parts.deadLetters, untilAvailable);
  const settleInLedger = groupWrites<LedgerEntry>(
    (entries) => untilAvailable(() => ledger.settle(entries)),
    settlesAtOnce,
  );
  const releaseInLedger = groupWrites<Buffer>((keys) => untilAvailable(() => ledger.release(keys)));
  const abandonInLedger = groupWrites<Buffer>((keys) => untilAvailable(() => ledger.abandon(keys)));

  const producingDeadLetters = new Set<Promise<void>>();

  function finish(settlements: readonly Settlement[]): void {
    const ended: EndedRecord[] = [];
    for (const settlement of settlements) {
      endSpan(settlement, parts.traces);
      const outcome = endRecord(settlement.record, settlement.outcome);
      if (outcome) ended.push({ record: settlement.record, outcome });
    }
    countRuns(ended, metrics);
  }

  /** Ends a record with the last of its conversions; returns the outcome that it has then. */
  function endRecord(record: SourceRecord, ending: Ending): Outcome | undefined {
    const ended = sharedRecords.end(record, ending);
    if (ended === undefined) return undefined;
    const outcome = ended === 'let go' ? undefined : ended;
    if (outcome) record.source.watermark.settle(record.offset);
    intake.release(record);
    return outcome;
  }

  async function deadLetter(settlement: Settlement, attempts: number): Promise<void> {
    const { record, kind, outcome } = settlement;
    if (outcome.outcome === 'dead-lettered') {
      await produce({ record, kind, reason: outcome.reason, error: outcome.error, attempts });
    }
  }

  return {
    early(settlements) {
      finish(settlements.filter(({ outcome }) => outcome.outcome !== 'dead-lettered'));
      for (const settlement of settlements) {
        if (settlement.outcome.outcome !== 'dead-lettered') continue;
        // Its topic may be away for long.
        settlement.record.detach();
        const producing = deadLetter(settlement, 0)
          .then(() => finish([settlement]))
          .catch(parts.onFailure)
          .finally(() => producingDeadLetters.delete(producing));
        producingDeadLetters.add(producing);
      }
    },
    async delivery(delivery, outcome) {
      const { kind } = delivery.postback;
      await deadLetter({ record: delivery.record, kind, outcome }, delivery.attempts);
      await settleInLedger(delivery.entry(ledgerState(outcome), reasonOf(outcome)));
      stepDone('recorded');
      outstanding.remove(delivery);
      const { record, span, postback } = delivery;
      delivery.postbackSpan.end(outcome.outcome, delivery.attempts);
      const seconds = (parts.clock.now() - delivery.readAt) / 1_000;
      metrics.postbackSettled(kind, outcome.outcome, seconds);
      if (isOrderWithoutValue(postback)) metrics.valueMissing(record.topic);
      finish([{ record, kind, outcome, span }]);
    },
    async giveBack(delivery) {
      // Of one that may have been sent whoever claims it next must know.
      const { key, mayHaveArrived } = delivery;
      const release = mayHaveArrived ? abandonInLedger(key) : releaseInLedger(key);
      outstanding.releasing(delivery, release);
      delivery.postbackSpan.abandon();
      delivery.span.abandon();
      endRecord(delivery.record, 'let go');
      await release;
    },
    letGo(record) {
      endRecord(record, 'let go');
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

function endSpan({ record, kind, outcome, span }: Settlement, traces: Traces): void {
  const error = 'error' in outcome ? outcome.error : undefined;
  const reason = reasonOf(outcome);
  if (span) span.end(outcome.outcome, reason, error);
  else if (traces.isSampled(record.headers)) {
    traces.startProcess(record, kind).end(outcome.outcome, reason, error);
  }
}

/** A record, all of whose conversions have ended. */
type EndedRecord = Pick<Settlement, 'record' | 'outcome'>;

/** Counts neighbours of one topic and one outcome together: on the common path that is one call a chunk. */
function countRuns(ended: readonly EndedRecord[], metrics: Metrics): void {
  let count = 0;
  for (const [index, { record, outcome }] of ended.entries()) {
    count += 1;
    const next = ended[index + 1];
    if (next?.outcome === outcome && next.record.topic === record.topic) continue;
    metrics.recordsSettled(record.topic, outcome.outcome, reasonOf(outcome), count);
    count = 0;
  }
}
