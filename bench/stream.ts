import { type Bench, type BenchCase, type Figure, figure, type Measured } from './case.ts';
import { type ConnectorSetup, runConnector } from './connector.ts';
import { consumeFloor, requestFloor } from './floors.ts';
import type { LoadedTopic } from './load.ts';
import type { Run } from './measure.ts';
import type { Parts } from './parts.ts';
import { type Rival, rivals, runRival } from './rivals.ts';

/** Whose events lead to a postback: those of 1% of the people, or of all. */
type Attributed = '1%' | 'all';

/** What a baseline's ratio has to reach, by its name. */
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

/** What a round has measured, by the name of the baseline. */
interface Round {
  readonly run: Run;
  readonly speed: number;
  readonly baselines: ReadonlyMap<string, number>;
}

async function runStream(bench: Bench, plan: StreamPlan): Promise<readonly Figure[]> {
  const parts = await bench.parts();
  const given = { ...usual, ...plan };
  const { tracedEvery, partitions, attributed } = given;
  const events = attributed === 'all' ? bench.size.allEvents : bench.size.fewEvents;
  const topic = await parts.load.topic({
    ...{ events, tracedEvery, partitions },
    clickEvery: clickEvery[attributed],
  });
  const others = plan.withRivals ? rivals() : [];
  const rounds: Round[] = [];
  for (let round = 1; round <= bench.rounds; round += 1) {
    const run = await runConnector(parts, topic, given);
    const baselines = new Map([await runFloor(parts, topic, given)]);
    for (const rival of others) {
      baselines.set(rival.name, await speedOfRival(bench, { topic, rival, attributed }));
    }
    const speed = attributed === 'all' ? run.postbacksPerSecond : run.eventsPerSecond;
    rounds.push({ run, speed, baselines });
    bench.report(`${plan.name} ${round}/${bench.rounds}: ${describeRound(rounds.at(-1) as Round)}`);
  }
  return streamFigures(given, rounds);
}

function describeRound({ run, speed, baselines }: Round): string {
  const others = Array.from(baselines, ([name, value]) => `${name} ${value.toFixed(0)}`);
  const cpu = `${run.cpuMicrosecondsPerEvent.toFixed(1)} µs CPU`;
  const memory = `${run.usage.peakMegabytes.toFixed(0)} MB`;
  return `${speed.toFixed(0)}/s, ${cpu}, ${memory}; ${others.join(', ')}`;
}

type GivenPlan = StreamPlan & ConnectorSetup;

async function runFloor(
  parts: Parts,
  topic: LoadedTopic,
  { attributed, concurrency, delay }: GivenPlan,
): Promise<[name: string, speed: number]> {
  if (attributed === '1%') return ['kafkajs', await consumeFloor(parts, topic)];
  const count = topic.attributed;
  return ['undici', await requestFloor(parts, { concurrency, count, delay })];
}

async function speedOfRival(
  { parts, size }: Bench,
  { topic, rival, attributed }: { topic: LoadedTopic; rival: Rival; attributed: Attributed },
): Promise<number> {
  const seconds = size.rivalSeconds;
  const run = await runRival(await parts(), topic, { rival, seconds });
  return attributed === 'all' ? run.postbacksPerSecond : run.eventsPerSecond;
}

function streamFigures(plan: GivenPlan, rounds: readonly Round[]): readonly Figure[] {
  const { name: subject, attributed, bounds = {}, delay, concurrency } = plan;
  const measure = attributed === 'all' ? 'postbacks/s' : 'events/s';
  const ours = rounds.map(({ speed }) => speed);
  const speed = { subject, measure, ours, better: 'higher' } as const;
  const figures = Array.from(rounds[0]?.baselines.keys() ?? [], (name) => {
    const values = rounds.map(({ baselines }) => baselines.get(name) ?? Number.NaN);
    return figure({ ...speed, baseline: { name, values }, bound: bounds[name] });
  });
  if (delay > 0) {
    const limit = concurrency / (delay / 1_000);
    const baseline = { name: 'in flight ÷ delay', values: ours.map(() => limit) };
    figures.push(figure({ ...speed, baseline, bound: bounds[baseline.name] }));
  }
  return [
    ...figures,
    ...costFigures(
      subject,
      rounds.map(({ run }) => run),
      bounds['CPU'],
    ),
  ];
}

/** What the connector's process used in some runs. */
export function costFigures(
  subject: string,
  runs: readonly Run[],
  cpuBound: number | undefined,
): readonly Figure[] {
  const lower = { subject, better: 'lower' } as const satisfies Partial<Measured>;
  const cpu = runs.map(({ cpuMicrosecondsPerEvent }) => cpuMicrosecondsPerEvent);
  const peak = runs.map(({ usage }) => usage.peakMegabytes);
  return [
    figure({ ...lower, measure: 'CPU, µs/event', ours: cpu, bound: cpuBound }),
    figure({ ...lower, measure: 'peak RSS, MB', ours: peak }),
  ];
}
