import { type Bench, type BenchCase, type Figure, figure } from './case.ts';
import { type ConnectorSetup, runConnector } from './connector.ts';
import { consumeFloor, type Floor, requestFloor } from './floors.ts';
import type { LoadedTopic } from './load.ts';
import type { Run } from './measure.ts';
import type { Parts } from './parts.ts';
import { rivals, runRival } from './rivals.ts';

/** Whose events lead to a postback: those of 1% of the people, or of all. */
type Attributed = '1%' | 'all';

/** What the ratio to a baseline has to reach, by its name; for `CPU`, microseconds for an event at most. */
type Bounds = Readonly<Record<string, number>>;

/** A topic that is read to its end, and how. What is not given is as in `usual`. */
export interface StreamPlan extends Partial<ConnectorSetup> {
  readonly name: string;
  readonly attributed: Attributed;
  readonly partitions?: number;
  /** Of how many events one is traced by its producer. */
  readonly tracedEvery?: number;
  /** Whether rivals do the same, too. */
  readonly withRivals?: true;
  readonly bounds?: Bounds;
}

const usual = {
  store: 'postgres',
  isTracing: true,
  concurrency: 64,
  delay: 0,
  partitions: 4,
  tracedEvery: 10,
} as const;

const clickEvery = { '1%': 100, all: 1 } as const;

/**
 * The connector over a topic, by turns with the floor: of kafkajs where few events have a click, of undici where all
 * have; with rivals, those too.
 */
export function streamCase(plan: StreamPlan): BenchCase {
  return { name: plan.name, run: (bench) => runStream(bench, plan) };
}

/** What a round has measured. */
interface Round {
  readonly run: Run;
  readonly floor: Floor;
  /** Events or postbacks a second, by the name of the rival. */
  readonly rivals: ReadonlyMap<string, number>;
}

type GivenPlan = StreamPlan & ConnectorSetup;

async function runStream(bench: Bench, plan: StreamPlan): Promise<readonly Figure[]> {
  const parts = await bench.parts();
  const given = { ...usual, ...plan };
  const { tracedEvery, partitions, attributed } = given;
  const topic = await parts.load.topic({
    ...{ events: eventsOf(bench, given), tracedEvery, partitions },
    clickEvery: clickEvery[attributed],
  });
  const others = plan.withRivals ? rivals() : [];
  const rounds: Round[] = [];
  for (let number = 1; number <= bench.rounds; number += 1) {
    const run = await runConnector(parts, topic, given);
    const floor = await runFloor(parts, topic, given);
    const speeds = new Map<string, number>();
    for (const rival of others) {
      const seconds = bench.size.rivalSeconds;
      const speed = speedOf(given, await runRival(parts, topic, { rival, seconds }));
      speeds.set(rival.name, speed);
    }
    const round = { run, floor, rivals: speeds };
    rounds.push(round);
    bench.report(`${plan.name} ${number}/${bench.rounds}: ${describeRound(given, round)}`);
  }
  return [...speedFigures(given, rounds), ...costFigures(given, rounds)];
}

/** As many as the size says; of a slow receiver, what it could take in some seconds. */
function eventsOf({ size }: Bench, { attributed, concurrency, delay }: GivenPlan): number {
  if (attributed === '1%') return size.fewEvents;
  const atMost = delay > 0 ? (concurrency / delay) * size.slowSeconds * 1_000 : size.allEvents;
  return Math.min(size.allEvents, atMost);
}

function speedOf(
  { attributed }: StreamPlan,
  run: Pick<Run, 'postbacksPerSecond' | 'eventsPerSecond'>,
): number {
  return attributed === 'all' ? run.postbacksPerSecond : run.eventsPerSecond;
}

function runFloor(
  parts: Parts,
  topic: LoadedTopic,
  { attributed, concurrency, delay }: GivenPlan,
): Promise<Floor> {
  if (attributed === '1%') return consumeFloor(parts, topic);
  return requestFloor(parts, { concurrency, count: topic.attributed, delay });
}

function describeRound(plan: StreamPlan, { run, floor, rivals: speeds }: Round): string {
  const others = Array.from(speeds, ([name, speed]) => `, ${name} ${speed.toFixed(0)}/s`);
  return [
    `${speedOf(plan, run).toFixed(0)}/s, ${run.cpuMicrosecondsPerEvent.toFixed(1)} µs CPU,`,
    `${run.usage.peakMegabytes.toFixed(0)} MB; ${floor.name} ${floor.perSecond.toFixed(0)}/s,`,
    `${floor.cpuMicroseconds.toFixed(1)} µs CPU, ${floor.peakMegabytes.toFixed(0)} MB${others.join('')}`,
  ].join(' ');
}

function speedFigures(plan: GivenPlan, rounds: readonly Round[]): readonly Figure[] {
  const { name: subject, attributed, bounds = {}, delay, concurrency } = plan;
  const measure = attributed === 'all' ? 'postbacks/s' : 'events/s';
  const ours = rounds.map(({ run }) => speedOf(plan, run));
  const against = (name: string, values: readonly number[]) =>
    figure({
      ...{ subject, measure, ours, better: 'higher', bound: bounds[name] },
      baseline: { name, values },
    });
  const limit = concurrency / (delay / 1_000);
  const names = Array.from(rounds[0]?.rivals.keys() ?? []);
  return [
    against(
      rounds[0]?.floor.name ?? '',
      rounds.map(({ floor }) => floor.perSecond),
    ),
    ...names.map((name) =>
      against(
        name,
        rounds.map(({ rivals: speeds }) => speeds.get(name) ?? Number.NaN),
      ),
    ),
    ...(delay > 0
      ? [
          against(
            'in flight ÷ delay',
            ours.map(() => limit),
          ),
        ]
      : []),
  ];
}

function costFigures(
  { name: subject, bounds = {} }: StreamPlan,
  rounds: readonly Round[],
): readonly Figure[] {
  const name = rounds[0]?.floor.name ?? '';
  const lower = { subject, better: 'lower' } as const;
  const cpu = {
    ...{ ...lower, measure: 'CPU, µs/event' },
    ours: rounds.map(({ run }) => run.cpuMicrosecondsPerEvent),
  };
  const memory = rounds.map(({ run }) => run.usage.peakMegabytes);
  const cpuValues = rounds.map(({ floor }) => floor.cpuMicroseconds);
  const memoryValues = rounds.map(({ floor }) => floor.peakMegabytes);
  return [
    figure({ ...cpu, baseline: { name, values: cpuValues } }),
    ...(bounds['CPU'] ? [figure({ ...cpu, bound: bounds['CPU'] })] : []),
    figure({
      ...{ ...lower, measure: 'peak RSS, MB', ours: memory },
      baseline: { name, values: memoryValues },
    }),
  ];
}
