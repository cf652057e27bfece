import type { Clock } from '../clock.ts';
import type { SourceRecord } from '../kafka/partition.ts';
import { type AttemptClass, type AttemptResult, describeAttempt } from '../powerspace/answer.ts';
import type { Breaker } from '../powerspace/breaker.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Attempt } from './attempt.ts';
import type { Delivery } from './delivery.ts';
import { tellHold } from './hold.ts';
import { Lanes } from './lanes.ts';
import { deadLettered, delivered, type Outcome } from './outcome.ts';
import { Retries } from './retries.ts';

/** How often is looked whether the group has answered, in milliseconds, while it may have given us up. */
const sessionLook = 100;

/** What delivering needs. */
export interface DeliverParts {
  readonly attempt: (delivery: Delivery) => Promise<Attempt>;
  readonly breaker: Breaker;
  /** Whether no other member of the group can have our partitions by now. */
  readonly isWithinSession: () => boolean;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** In [0, 1), for jitter. */
  readonly random: () => number;
  /** Postbacks in flight at once. */
  readonly concurrency: number;
  /** Milliseconds, with holds taken off, after which a failing postback is given up. */
  readonly giveUpAfter: number;
  readonly onAmbiguous: 'resend' | 'hold';
  /** Makes the outcome durable. Until it resolves, the postback counts as in flight. */
  readonly conclude: (delivery: Delivery, outcome: Outcome) => Promise<void>;
  /** Gives a claim back that is no longer ours to send. */
  readonly giveBack: (delivery: Delivery) => Promise<void>;
  /** Something failed that no retry mends. */
  readonly onFailure: (thrown: unknown) => void;
}

/**
 * Sends what is claimed. A fixed number of postbacks is in flight, those of one click one after the other;
 * this is the only place that sends a request twice.
 */
export class Deliverer {
  readonly #parts: DeliverParts;
  readonly #lanes = new Lanes();
  readonly #retries: Retries;
  readonly #sending = new Set<Promise<void>>();
  #cancelPump: (() => void) | undefined;
  #isStopped = false;
  /** When Powerspace last recorded a postback, in milliseconds since the Unix epoch. */
  lastSuccessAt: number | undefined;

  constructor(parts: DeliverParts) {
    this.#parts = parts;
    this.#retries = new Retries(parts.clock, parts.random);
  }

  /** Postbacks whose answer, or whose durable note of it, is awaited. */
  get inFlight(): number {
    return this.#sending.size;
  }

  /** Queues claimed deliveries and returns at once. */
  add(deliveries: readonly Delivery[]): void {
    this.#lanes.add(deliveries);
    this.#pump();
  }

  /**
   * Other members may have partitions by now that were ours: gives back at once what waits for those, so that
   * nobody has to wait for a retry that would never be made.
   */
  giveBackLost(isStillOurs: (record: SourceRecord) => boolean): void {
    const isLost = ({ record }: Delivery) => record.source.isRevoked && !isStillOurs(record);
    for (const delivery of this.#retries.take(isLost)) this.#lanes.retry(delivery);
    for (;;) {
      const end = this.#endUnsent(this.#lanes.takeFirst(isLost));
      if (!end) break;
      this.#track(end());
    }
    const isUnheld = (delivery: Delivery) => isLost(delivery) && !this.#isToBeHeld(delivery);
    for (const delivery of this.#lanes.takeBehind(isUnheld)) {
      this.#track(this.#parts.giveBack(delivery));
    }
  }

  /** Starts no new request from now on. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelPump?.();
    this.#retries.take(() => true);
  }

  /** Once it is stopped: waits for what is in flight, and gives the other claims back. */
  async drain(): Promise<void> {
    await Promise.all(this.#sending);
    // A claim that tells of an earlier run stays for the next one to find.
    const unsent = this.#lanes.clear().filter((delivery) => !this.#isToBeHeld(delivery));
    await Promise.all(unsent.map(this.#parts.giveBack)).catch(this.#parts.onFailure);
  }

  #pump(): void {
    const { breaker, clock, concurrency } = this.#parts;
    while (!this.#isStopped && this.#sending.size < concurrency) {
      const delivery = this.#lanes.first();
      if (!delivery) return;
      const end = this.#endUnsent(delivery);
      if (!end && !this.#parts.isWithinSession()) {
        this.#pumpAfter(sessionLook);
        return;
      }
      if (!end && !breaker.permits(clock.now())) {
        this.#scheduleProbe();
        return;
      }
      this.#lanes.take();
      this.#track(end ? end() : this.#send(delivery));
    }
  }

  /** How a delivery ends that must not be sent at all; undefined for all others. */
  #endUnsent(delivery: Delivery | undefined): (() => Promise<void>) | undefined {
    if (!delivery) return undefined;
    const { giveBack } = this.#parts;
    // First, whoever owns the partition: given back, its claim would no longer tell of the earlier run.
    if (this.#isToBeHeld(delivery)) {
      return () => this.#finish(delivery, held('an earlier run was interrupted'));
    }
    if (delivery.record.source.isRevoked) {
      return () => {
        this.#lanes.finish(delivery);
        return giveBack(delivery);
      };
    }
    return undefined;
  }

  #isToBeHeld({ wasInterrupted, attempts }: Delivery): boolean {
    return wasInterrupted && attempts === 0 && this.#parts.onAmbiguous === 'hold';
  }

  #track(work: Promise<void>): void {
    const tracked = work.catch(this.#parts.onFailure).finally(() => {
      this.#sending.delete(tracked);
      this.#pump();
    });
    this.#sending.add(tracked);
  }

  async #send(delivery: Delivery): Promise<void> {
    if (delivery.wasInterrupted && delivery.attempts === 0) this.#countResend(delivery);
    const ended = await this.#parts.attempt(delivery);
    const error = describeAttempt(ended.result);
    this.#reportToBreaker(ended.class, delivery, error);
    switch (ended.class) {
      case 'delivered':
        this.lastSuccessAt = this.#parts.clock.now();
        return this.#finish(delivery, delivered);
      case 'rejected':
        return this.#finish(delivery, rejected(delivery, error));
      case 'setup':
      case 'transient':
        return this.#retryOrGiveUp(delivery, ended.result);
      case 'ambiguous':
        if (this.#parts.onAmbiguous === 'hold') return this.#finish(delivery, held(error));
        delivery.mayHaveArrived = true;
        this.#countResend(delivery);
        return this.#retryOrGiveUp(delivery, ended.result);
    }
  }

  /** Time in which everything was held counts against nobody. */
  async #retryOrGiveUp(delivery: Delivery, result: AttemptResult): Promise<void> {
    const { breaker, clock, giveUpAfter } = this.#parts;
    const now = clock.now() - breaker.openTime(clock.now());
    delivery.failingSince ??= now;
    if (now - delivery.failingSince <= giveUpAfter) return this.#scheduleRetry(delivery, result);
    const error = `${describeAttempt(result)}; given up after ${delivery.attempts} attempts`;
    await this.#finish(delivery, deadLettered('undeliverable', error));
  }

  #scheduleRetry(delivery: Delivery, result: AttemptResult): void {
    if (this.#isStopped) return;
    // Others wait for it by now, or it was read again and goes on from here.
    if (delivery.record.source.isRevoked) {
      this.#lanes.retry(delivery);
      return;
    }
    this.#retries.schedule(delivery, result, () => {
      this.#lanes.retry(delivery);
      this.#pump();
    });
  }

  #scheduleProbe(): void {
    const { breaker, clock } = this.#parts;
    // What is under way, be it a probe, decides with its end how to go on.
    if (breaker.inFlight > 0) this.#cancelPump?.();
    else this.#pumpAfter(Math.max(breaker.probeAt - clock.now(), 1));
  }

  #pumpAfter(delay: number): void {
    this.#cancelPump?.();
    this.#cancelPump = this.#parts.clock.schedule(delay, () => this.#pump());
  }

  #reportToBreaker(attemptClass: AttemptClass, { postback }: Delivery, error: string): void {
    const { breaker, clock, log } = this.#parts;
    const before = breaker.hold;
    breaker.report(attemptClass, postback.clickId, clock.now());
    tellHold(log, before, breaker.hold, error);
  }

  #countResend({ postback }: Delivery): void {
    this.#parts.metrics.resent(postback.kind);
  }

  async #finish(delivery: Delivery, outcome: Outcome): Promise<void> {
    try {
      await this.#parts.conclude(delivery, outcome);
    } finally {
      // Its outcome stands. Where that could not be noted, its claim must stay: given back, it would be sent again.
      this.#lanes.finish(delivery);
    }
  }
}

function rejected(delivery: Delivery, error: string): Outcome {
  return deadLettered(delivery.status === 404 ? 'unknown-click' : 'rejected', error);
}

function held(error: string): Outcome {
  return deadLettered('held', `it may have been recorded, and onAmbiguous is hold (${error})`);
}
