import type { RecordConsumer } from './kafka/consumer.ts';
import type { AssembledPipeline } from './pipeline/assemble.ts';
import type { Availability } from './pipeline/availability.ts';
import type { HoldReason } from './powerspace/breaker.ts';
import type { Store } from './store/store.ts';
import type { Metrics } from './telemetry/metrics.ts';

/** What can be looked at while the connector runs. */
export interface Observed {
  readonly pipeline: AssembledPipeline;
  readonly consumer: RecordConsumer;
  readonly store: Store;
}

const holdReasons: readonly HoldReason[] = ['transient', 'setup', 'rejected'];

/** Lets the gauges be read from the running parts. */
export function observeGauges(metrics: Metrics, { pipeline, consumer, store }: Observed): void {
  const { deliverer, intake, outstanding, breaker } = pipeline;
  const secondsSince = (time: number | undefined) =>
    time === undefined ? 0 : (Date.now() - time) / 1_000;
  metrics.observe('powerspace.postbacks.in_flight', () => [{ value: deliverer.inFlight }]);
  metrics.observe('powerspace.records.unsettled', () => [{ value: intake.heldRecords }]);
  metrics.observe('powerspace.records.unsettled.oldest_age', () => [
    { value: secondsSince(outstanding.oldest?.readAt) },
  ]);
  metrics.observe('powerspace.partition.lag', () =>
    consumer.partitions.map(({ topic, partition, lag }) => ({
      value: lag,
      labels: { topic, partition },
    })),
  );
  metrics.observe('powerspace.partition.uncommitted', () =>
    consumer.partitions.map(({ topic, partition, uncommitted }) => ({
      value: uncommitted,
      labels: { topic, partition },
    })),
  );
  metrics.observe('powerspace.hold', () =>
    holdReasons.map((reason) => ({
      value: breaker.hold === reason ? 1 : 0,
      labels: { reason },
    })),
  );
  metrics.observe('powerspace.last_success.age', () =>
    deliverer.lastSuccessAt === undefined ? [] : [{ value: secondsSince(deliverer.lastSuccessAt) }],
  );
  metrics.observe('powerspace.store.clicks', async () => [{ value: await store.clicks.count() }]);
  metrics.observe('powerspace.store.clicks.newest_age', async () => {
    const newest = await store.clicks.newest(Date.now());
    return newest === undefined ? [] : [{ value: secondsSince(newest) }];
  });
  metrics.observe('powerspace.store.ledger', async () => [{ value: await store.ledger.count() }]);
}

/** Lets it be read whether the connector can do its work, from the first moment on. */
export function observeReadiness(metrics: Metrics, readiness: Pick<Readiness, 'problems'>): void {
  metrics.observe('powerspace.ready', () => [{ value: readiness.problems.length === 0 ? 1 : 0 }]);
}

/** Why the connector can't do its work now, in sentences; empty when it can. */
export class Readiness {
  readonly #start: Availability;
  #wired: Pick<Observed, 'pipeline' | 'consumer'> | undefined;

  /** `start` knows what the start waits for. */
  constructor(start: Availability) {
    this.#start = start;
  }

  /** From now on it depends on these. */
  wired(parts: Pick<Observed, 'pipeline' | 'consumer'>): void {
    this.#wired = parts;
  }

  get problems(): readonly string[] {
    const waitedFor = this.#start.problems;
    if (!this.#wired) return waitedFor.length > 0 ? waitedFor : ['it is starting'];
    const { pipeline, consumer } = this.#wired;
    const { hold } = pipeline.breaker;
    return [
      ...waitedFor,
      ...(consumer.isMember ? [] : ['the consumer is not in its group']),
      ...consumer.missingTopics.map((topic) => `the topic "${topic}" is gone`),
      ...(hold === undefined ? [] : [`postbacks are held (${hold})`]),
      ...pipeline.availability.problems,
    ];
  }
}
