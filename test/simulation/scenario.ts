import fc from 'fast-check';
import type { ProcessSettings } from './connectorProcess.ts';
import { type EventPlan, oddities, type Topic, topics } from './events.ts';
import { type Fate, fates } from './powerspace.ts';

/** A record, and where and when it is written. */
export interface PlannedRecord extends EventPlan {
  readonly partition: number;
  /** Offsets before it that hold nothing any more. */
  readonly gap: number;
  /** Milliseconds after the start; 0 for what is there already. */
  readonly writtenAt: number;
}

/** What can happen to the connector, and to what it needs. */
const incidentKinds = [
  'kill',
  'stop',
  'pause',
  'stranger',
  'eviction',
  'leader',
  'crash',
  'kafka',
  'powerspace',
  'store',
  'registry',
] as const;

export type IncidentKind = (typeof incidentKinds)[number];

/** Something that happens, and for how many milliseconds it lasts. */
export interface Incident {
  readonly kind: IncidentKind;
  readonly at: number;
  readonly lasts: number;
}

/** One schedule: what is written, what happens, and the seed of everything that is left to chance. */
export interface Scenario {
  readonly seed: number;
  readonly partitions: Readonly<Record<Topic, number>>;
  readonly settings: ProcessSettings;
  readonly records: readonly PlannedRecord[];
  readonly incidents: readonly Incident[];
  /** What becomes of requests, until all is well again. */
  readonly fates: readonly Fate[];
  /** The chance that a call of the store or the registry fails, until all is well again. */
  readonly flakiness: number;
}

const moment = fc.integer({ min: 0, max: 6_000 });

const record: fc.Arbitrary<PlannedRecord> = fc.record({
  topic: fc.constantFrom(...topics, 'orders' as const),
  user: fc.integer({ min: 0, max: 2 }),
  number: fc.integer({ min: 0, max: 5 }),
  knownBy: fc.constantFrom('click', 'user', 'visitor', 'click'),
  oddity: fc.oneof(
    { weight: 6, arbitrary: fc.constant('none' as const) },
    { weight: 1, arbitrary: fc.constantFrom(...oddities) },
    { weight: 1, arbitrary: fc.constant('marker' as const) },
  ),
  hasOrder: fc.boolean(),
  partition: fc.integer({ min: 0, max: 1 }),
  gap: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 3 })),
  writtenAt: fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, moment),
});

const incident: fc.Arbitrary<Incident> = fc.record({
  // Leaders that move are rare in life, and the hardest on kafkajs: it joins again while it reads. And a stop
  // has the most to put in order.
  kind: fc.constantFrom(...incidentKinds, 'leader', 'leader', 'stop'),
  at: moment,
  lasts: fc.oneof(
    { weight: 5, arbitrary: fc.integer({ min: 1, max: 3_000 }) },
    { weight: 1, arbitrary: fc.integer({ min: 3_000, max: 40_000 }) },
  ),
});

const settings: fc.Arbitrary<ProcessSettings> = fc.record({
  concurrency: fc.constantFrom(1, 2, 64),
  giveUpAfter: fc.constantFrom(3_600_000, 3_600_000, 2_000),
  onAmbiguous: fc.constantFrom('resend' as const, 'resend' as const, 'hold' as const),
  intake: fc.constantFrom(10_000, 1, 4),
});

const partitionCount = fc.integer({ min: 1, max: 2 });

/** Any schedule. */
export const anyScenario: fc.Arbitrary<Scenario> = fc.record({
  seed: fc.integer({ min: 0 }),
  partitions: fc.record({
    landings: partitionCount,
    accounts: partitionCount,
    orders: partitionCount,
  }),
  settings,
  records: fc.array(record, { minLength: 1, maxLength: 24 }),
  incidents: fc.array(incident, { maxLength: 6 }),
  fates: fc.oneof(
    fc.constant(['recorded' as const]),
    fc.array(fc.constantFrom('recorded' as const, ...fates), { minLength: 1, maxLength: 6 }),
  ),
  flakiness: fc.constantFrom(0, 0, 0.1, 0.4),
});

/** Schedules in which nothing but this happens, by turns. */
export function scenarioOf(kinds: readonly IncidentKind[]): fc.Arbitrary<Scenario> {
  return anyScenario.map((scenario) => ({
    ...scenario,
    incidents: scenario.incidents.map((each, index) => ({
      ...each,
      kind: kinds[index % kinds.length] ?? each.kind,
    })),
  }));
}
