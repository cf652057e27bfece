import { type Bench, type BenchCase, type Figure, figure } from './case.ts';
import { runConnector } from './connector.ts';
import type { Run } from './measure.ts';

const megabytesAtMost = 350;
const growthAtMost = 1.1;

/** A backlog of millions of events: what the process holds at its end, and what it held after a fifth of it. */
export const backlogCase: BenchCase = { name: 'backlog', run: runBacklog };

async function runBacklog(bench: Bench): Promise<readonly Figure[]> {
  const parts = await bench.parts();
  const events = bench.size.backlogEvents;
  const plan = { events, clickEvery: 100, tracedEvery: 10, partitions: 4 };
  const topic = await parts.load.topic(plan);
  const setup = { store: 'postgres', isTracing: true, concurrency: 64, delay: 0 } as const;
  const run = await runConnector(parts, topic, setup, events / 5);
  return backlogFigures(run);
}

function backlogFigures(run: Run): readonly Figure[] {
  const { usage, mark = usage } = run;
  const subject = 'backlog';
  const lower = { subject, better: 'lower' } as const;
  const resident = { ...lower, ours: [usage.residentMegabytes] };
  const atMark = { name: 'after a fifth', values: [mark.residentMegabytes] };
  const speed = { subject, measure: 'events/s', better: 'higher' } as const;
  return [
    figure({ ...speed, ours: [run.eventsPerSecond] }),
    figure({ ...resident, measure: 'RSS at the end, MB', bound: megabytesAtMost }),
    figure({ ...resident, measure: 'RSS, MB', baseline: atMark, bound: growthAtMost }),
    figure({ ...lower, measure: 'peak RSS, MB', ours: [usage.peakMegabytes] }),
    figure({ ...lower, measure: 'CPU, µs/event', ours: [run.cpuMicrosecondsPerEvent] }),
  ];
}
