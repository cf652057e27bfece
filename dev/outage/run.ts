import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { unlessAborted } from '../../src/deadline.ts';
import { type ChaosPlatform, openPlatform } from '../chaos/platform.ts';
import { judge } from '../chaos/verdict.ts';
import { until } from '../until.ts';
import { gather, judgeRequests } from './gather.ts';
import { readHeld, sumUpMemory } from './memory.ts';
import { type Observed, startObserved } from './observed.ts';
import { bringBack, type OutageAnswer, takeDown } from './powerspace.ts';
import type { Span } from './recovery.ts';
import { makeReport, type OutageFigures, type OutageReport } from './report.ts';

/** What the connector has worked off before the outage, so that its memory is what work makes it. */
const warmUp = { journeys: 500, others: 250_000 };
const longestDrain = 900_000;

/** How long, how much, and how Powerspace fails. */
interface OutagePlan {
  readonly minutes: number;
  readonly records: number;
  readonly conversions: number;
  readonly answer: OutageAnswer;
}

/** A plan and where to play it. */
export interface OutageOptions extends OutagePlan {
  /** The connector: `src/main.ts`. */
  readonly program: string;
  readonly report: (line: string) => void;
  /** Ends the run at once, without a report. */
  readonly interrupted: AbortSignal;
}

/**
 * Runs the connector on real parts, lets Powerspace be down while records pile up, and compares what the observers
 * saw. The folder with all logs stays when a limit was broken; `report` says where. Throws
 * MissingPrerequisiteError when a part can't be had.
 */
export async function runOutage(options: OutageOptions): Promise<OutageReport> {
  const folder = await mkdtemp(join(tmpdir(), 'powerspace-outage-'));
  options.report(`everything is written to ${folder}`);
  const report = makeReport(await runIn(folder, options));
  if (report.holds) {
    await rm(folder, { recursive: true });
  } else {
    await writeFile(join(folder, 'report.json'), JSON.stringify(report, undefined, 2));
    options.report(`kept for a look: ${folder}`);
  }
  return report;
}

async function runIn(folder: string, options: OutageOptions): Promise<OutageFigures> {
  await using opened = new AsyncDisposableStack();
  const platform = await openPlatform({ ...options, folder, store: 'sqlite' }, opened);
  const observed = startObserved(platform, { ...options, folder }, opened);
  const run = playToEnd(platform, observed, options);
  // Awaited in here: with this function what was opened ends.
  return await unlessAborted(options.interrupted, run);
}

/** Warms the connector up, plays the outage, waits until all is settled, and asks everybody what they saw. */
async function playToEnd(
  platform: ChaosPlatform,
  observed: Observed,
  options: OutageOptions,
): Promise<OutageFigures> {
  const { connector, offsets, members, memory, load } = observed;
  const observing = Promise.all([offsets.run(), memory.run()]);
  const warmed = await warm(observed, options);
  const watching = members.run();
  const { span, ...waiting } = await playOutage(platform, observed, options);
  await offsets.untilCommitted(longestDrain);
  const drainMilliseconds = Date.now() - span.until;
  members.stop();
  const membersSeen = await watching;
  await connector.stop();
  memory.stop();
  offsets.stop();
  await observing;
  options.report('comparing what everybody saw');
  const evidence = await gather(platform, observed);
  return {
    ...{ answer: options.answer, minutes: (span.until - span.from) / 60_000 },
    recordsWaiting: waiting.records,
    conversionsWaiting: load.conversions.size - warmUp.journeys * 2,
    memory: sumUpMemory(memory.resident, warmed.span, span, {
      before: warmed.held,
      atEnd: waiting.held,
    }),
    ...(await judgeRequests(connector.logFile, options.answer, span, evidence)),
    ...{ members: membersSeen, drainMilliseconds },
    verdict: judge(evidence, memory.peaks),
  };
}

/** Lets the connector work; returns from when until when it did, and what it holds afterwards. */
async function warm(
  { connector, offsets, memory, load }: Observed,
  { report }: OutageOptions,
): Promise<{ readonly span: Span; readonly held: number }> {
  await until(
    () => connector.isReading,
    (isReading) => isReading,
    { deadline: 60_000, what: 'the connector to read' },
  );
  report(`warming up with ${warmUp.others} records`);
  const from = Date.now();
  await load.produceJourneys(warmUp.journeys);
  await load.produceOthers(warmUp.others);
  await offsets.untilCommitted(longestDrain);
  const span = { from, until: Date.now() };
  return { span, held: await readHeld(memory, connector.processId) };
}

/** Returns from when until when Powerspace was down, how many records waited at the end, and what the connector held. */
async function playOutage(
  platform: ChaosPlatform,
  { connector, offsets, load, memory }: Observed,
  { minutes, records, conversions, answer, report }: OutageOptions,
): Promise<{ readonly span: Span; readonly records: number; readonly held: number }> {
  const from = Date.now();
  await takeDown(platform, answer);
  report(`Powerspace is down (${answer})`);
  const journeys = Math.ceil(conversions / 2);
  await load.produceJourneys(journeys);
  await load.produceOthers(records - journeys * 3);
  const megabytes = memory.resident.at(-1)?.megabytes;
  report(`${records} records are produced; the connector has ${megabytes} MB`);
  await sleep(Math.max(from + minutes * 60_000 - Date.now(), 0));
  const held = await readHeld(memory, connector.processId);
  const waiting = (await offsets.behind()) ?? Number.NaN;
  await bringBack(platform);
  report(`Powerspace is back; ${waiting} records wait`);
  return { span: { from, until: Date.now() }, records: waiting, held };
}
