import type { Attributes, Meter, ObservableGauge } from '@opentelemetry/api';

/** What is measured while the connector runs. Names and labels are in docs/metrics.md. */
export interface Metrics {
  /** `count` records of a topic ended so. */
  recordsSettled(topic: string, outcome: string, reason: string | undefined, count: number): void;
  /** A postback went out once, and its answer was of this class. */
  attempted(kind: string, attemptClass: string, seconds: number): void;
  /** A postback got its final outcome, this long after its record was read. */
  postbackSettled(kind: string, outcome: string, seconds: number): void;
  /** An order was sent without a value. */
  valueMissing(topic: string): void;
  /** An interrupted or ambiguous postback is sent once more. */
  resent(kind: string): void;
  /** So many rows of a table of the store were too old, and are gone. */
  purged(table: string, rows: number): void;
  /** A partition stood still for too long: what waited for it went on without it. */
  stoodStill(topic: string, partition: number): void;
  /** Calls `read` whenever the metrics are read. */
  observe(
    gauge: GaugeName,
    read: () => Iterable<Observation> | Promise<Iterable<Observation>>,
  ): void;
}

/** A value of a gauge and its labels. */
interface Observation {
  readonly value: number;
  readonly labels?: Attributes;
}

/** Seconds. An answer takes milliseconds, 5 s at most; a postback with retries and holds takes up to days. */
const attemptBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const postbackBuckets = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 300, 1_800, 3_600, 86_400];

const gauges = {
  'powerspace.ready':
    '1 while it can do its work, 0 while it starts, waits for a part, or postbacks are held.',
  'powerspace.postbacks.in_flight': 'Postbacks whose answer is awaited.',
  'powerspace.records.unsettled': 'Records that were read and have no outcome yet.',
  'powerspace.records.unsettled.oldest_age':
    'Seconds since the oldest unsettled postback was read.',
  'powerspace.partition.lag': 'Records of a partition that are not read yet.',
  'powerspace.partition.uncommitted': 'Records of a partition that are read but not committed.',
  'powerspace.hold': '1 while sending is stopped, by reason: transient, setup, rejected.',
  'powerspace.last_success.age': 'Seconds since Powerspace last recorded a postback.',
  'powerspace.store.clicks': 'Clicks stored.',
  'powerspace.store.clicks.newest_age': 'Seconds since the newest click that is stored.',
  'powerspace.store.ledger': 'Conversions noted in the ledger.',
} as const;

/** The names of the gauges. */
type GaugeName = keyof typeof gauges;

/** The instruments, on any meter. */
export function createMetrics(meter: Meter): Metrics {
  const records = meter.createCounter('powerspace.records', {
    description: 'Records that have their outcome.',
  });
  const attempts = meter.createCounter('powerspace.postback.attempts', {
    description: 'HTTP requests to Powerspace.',
  });
  const attemptDuration = meter.createHistogram('powerspace.postback.attempt.duration', {
    description: 'Seconds from sending a request to its whole answer.',
    unit: 's',
    advice: { explicitBucketBoundaries: attemptBuckets },
  });
  const duration = meter.createHistogram('powerspace.postback.duration', {
    description: 'Seconds from reading a record to its outcome, retries and holds included.',
    unit: 's',
    advice: { explicitBucketBoundaries: postbackBuckets },
  });
  const withoutValue = meter.createCounter('powerspace.orders.without_value', {
    description: 'Orders that were sent without a value.',
  });
  const resends = meter.createCounter('powerspace.postback.resends', {
    description: 'Postbacks sent again though the first may have arrived.',
  });
  const purged = meter.createCounter('powerspace.store.purged', {
    description: 'Rows removed because they were too old, by table: clicks, ledger.',
  });
  const standstills = meter.createCounter('powerspace.partition.standstills', {
    description: 'Partitions that conversions waited for in vain, for as long as clicks.maxWait.',
  });
  return {
    recordsSettled(topic, outcome, reason, count) {
      records.add(count, reason === undefined ? { topic, outcome } : { topic, outcome, reason });
    },
    attempted(kind, attemptClass, seconds) {
      attempts.add(1, { kind, class: attemptClass });
      attemptDuration.record(seconds, { kind, class: attemptClass });
    },
    postbackSettled(kind, outcome, seconds) {
      duration.record(seconds, { kind, outcome });
    },
    valueMissing(topic) {
      withoutValue.add(1, { topic });
    },
    resent(kind) {
      resends.add(1, { kind });
    },
    purged(table, rows) {
      purged.add(rows, { table });
    },
    stoodStill(topic, partition) {
      standstills.add(1, { topic, partition });
    },
    observe(name, read) {
      const gauge: ObservableGauge = meter.createObservableGauge(name, {
        description: gauges[name],
      });
      gauge.addCallback(async (result) => {
        for (const { value, labels } of await read()) result.observe(value, labels ?? {});
      });
    },
  };
}
