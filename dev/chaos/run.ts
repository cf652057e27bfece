import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unlessAborted } from '../../src/deadline.ts';
import { deadLetterTopic } from '../../src/kafka/deadLetters.ts';
import { Dice } from '../shop/dice.ts';
import { type Evidence, evidenceToJson, readKafka } from './evidence.ts';
import { FaultLog } from './faultLog.ts';
import { type FaultPlan, injectFaults } from './injectFaults.ts';
import type { Pace } from './journeyStages.ts';
import { OffsetWatcher } from './offsetWatcher.ts';
import { type ChaosPlatform, openPlatform } from './platform.ts';
import { ProcessSampler } from './processSampler.ts';
import { PersistentProducer } from './producer.ts';
import { Replicas } from './replicas.ts';
import { type ChaosReport, makeReport } from './report.ts';
import { ShopLoad } from './shopLoad.ts';
import type { StoreKind } from './store.ts';
import { StrangerGroup } from './strangerGroup.ts';
import { judge } from './verdict.ts';
import { openWallClock, type WallClock } from './wallClock.ts';

/** All is committed within this time after the last fault: retries are a minute apart at most. */
const drainDeadline = 240_000;

/** A SQLite file belongs to one process. */
const replicas = { sqlite: 1, postgres: 2 } as const;

/** How long, how hard, and with which faults. */
export interface ChaosOptions extends FaultPlan {
  /** The connector: `src/main.ts`. */
  readonly program: string;
  /** Records a second. */
  readonly rate: number;
  readonly pace: Pace;
  readonly store: StoreKind;
  readonly report: (line: string) => void;
  /** Ends the run at once, without a report. */
  readonly interrupted: AbortSignal;
}

/**
 * Runs the connector on real parts, makes them fail, and compares what the observers saw. The folder with all
 * logs stays when an invariant was broken; `report` says where. Throws MissingPrerequisiteError when a part can't be had.
 */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const folder = await mkdtemp(join(tmpdir(), 'powerspace-chaos-'));
  options.report(`everything is written to ${folder}`);
  const { report, evidence } = await runIn(folder, options);
  if (report.holds) {
    await rm(folder, { recursive: true });
  } else {
    await writeFile(join(folder, 'report.json'), JSON.stringify(report, undefined, 2));
    await writeFile(join(folder, 'evidence.json'), evidenceToJson(evidence));
    options.report(`kept for a look: ${folder}`);
  }
  return report;
}

async function runIn(folder: string, options: ChaosOptions) {
  await using opened = new AsyncDisposableStack();
  const platform = await openPlatform({ ...options, folder }, opened);
  const wallClock = await openWallClock(folder);
  const observed = startObserved({ ...platform, folder, wallClock }, options, opened);
  const run = playToEnd(platform, observed, options);
  const { evidence, figures } = await unlessAborted(options.interrupted, run);
  const verdict = judge(evidence, figures.peaks);
  return { report: makeReport(evidence, verdict, figures), evidence };
}

/** The connector, what is produced for it, and who looks on. */
type Observed = ReturnType<typeof startObserved>;

function startObserved(
  platform: ChaosPlatform & { folder: string; wallClock: WallClock | undefined },
  { program, store, seed, rate, pace, report }: ChaosOptions,
  opened: AsyncDisposableStack,
) {
  const { kafka, shop, group, broker, configFile, folder, wallClock } = platform;
  const topics = Object.values(shop.topics);
  const producer = new PersistentProducer(kafka, shop);
  opened.defer(() => producer.close());
  const watcher = new OffsetWatcher(kafka, group, topics);
  opened.defer(() => watcher.close());
  const load = new ShopLoad({ producer, watcher, dice: new Dice(seed), rate, pace });
  const connectors = new Replicas(replicas[store], new Dice(seed), {
    ...{ program, logFolder: folder, configFile },
    environment: wallClock?.environment ?? {},
  });
  opened.defer(async () => {
    connectors.abandon();
    await wallClock?.forget(connectors.processIds);
  });
  const sampler = new ProcessSampler(() => connectors.runningIds);
  const strangers = new StrangerGroup({ brokers: broker.brokers, group, topics });
  const log = new FaultLog(join(folder, 'faults.jsonl'), report);
  return { topics, producer, watcher, load, connectors, sampler, strangers, wallClock, log };
}

/** Lets everything run, ends the faults, waits until all is settled, and asks everybody what they saw. */
async function playToEnd(platform: ChaosPlatform, observed: Observed, options: ChaosOptions) {
  const { load, watcher, sampler, connectors } = observed;
  const observing = [watcher.run(), sampler.run()];
  const producing = load.run();
  const startedAt = performance.now();
  const stalls = await injectFaults({ ...platform, ...observed }, options);
  const minutes = (performance.now() - startedAt) / 60_000;
  load.end();
  await producing;
  const drain = await drainAll(watcher, stalls);
  await connectors.stop();
  sampler.stop();
  watcher.stop();
  await Promise.all(observing);
  options.report('comparing what everybody saw');
  const evidence = { ...(await gather(platform, observed)), stalls, behind: drain.behind };
  const figures = {
    ...{ seed: options.seed, minutes, peaks: sampler.peaks },
    connectorStarts: connectors.processIds.length,
    commitLooks: watcher.looks,
    drainMilliseconds: drain.milliseconds,
  };
  return { evidence, figures };
}

/** Waits until all is committed. */
async function drainAll(watcher: OffsetWatcher, stalls: string[]) {
  const startedAt = performance.now();
  try {
    await watcher.untilCommitted(drainDeadline);
  } catch (thrown) {
    stalls.push(String(thrown));
  }
  const milliseconds = Math.round(performance.now() - startedAt);
  return { milliseconds, behind: await watcher.behind() };
}

async function gather(
  { receiver, kafka, group, store }: ChaosPlatform,
  { topics, load, producer, watcher, connectors, log }: Observed,
): Promise<Omit<Evidence, 'behind' | 'stalls'>> {
  return {
    replicas: connectors.count,
    conversions: load.conversions,
    unreadableKeys: load.unreadableKeys,
    acknowledged: producer.acknowledged.records,
    received: await receiver.stop(),
    commits: watcher.samples,
    kafka: await readKafka(kafka, topics, deadLetterTopic(group), (key) =>
      load.conversions.has(key),
    ),
    ledger: await store.readLedger(),
    faults: log.faults,
    unaskedEnds: connectors.unaskedEnds,
    badStops: connectors.badStops,
  };
}
