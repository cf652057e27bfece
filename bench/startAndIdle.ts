import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Bench, type BenchCase, type Figure, figure } from './case.ts';
import { builtProgram, prepareConnector } from './connector.ts';
import { Watched } from './watched.ts';

const settleTime = 3_000;
const idleTime = 10_000;

/** Start and rest: from `run` to the first fetch and to the first postback, what an idle process costs, and `--help`. */
export const startAndIdleCase: BenchCase = { name: 'start', run: runStartAndIdle };

interface Start {
  /** Milliseconds from the start of the process. */
  readonly untilFetch: number;
  readonly untilPostback: number;
  /** Percent of a core. */
  readonly idleCpu: number;
  readonly restingMegabytes: number;
}

async function runStartAndIdle(bench: Bench): Promise<readonly Figure[]> {
  const starts: Start[] = [];
  const help: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < bench.rounds; round += 1) {
    starts.push(await start(bench));
    help.push(await timeOf([builtProgram, '--help']));
    bare.push(await timeOf(['--eval', '0']));
  }
  const lower = { subject: 'start', better: 'lower' } as const;
  const node = { name: 'bare node', values: bare };
  const each = (of: keyof Start) => starts.map((one) => one[of]);
  return [
    figure({ ...lower, measure: 'first fetch, ms', ours: each('untilFetch'), bound: 1_500 }),
    figure({ ...lower, measure: 'first postback, ms', ours: each('untilPostback') }),
    figure({ ...lower, measure: '--help, ms', ours: help, bound: 150 }),
    figure({ ...lower, measure: '--help, ms', ours: help, baseline: node }),
    figure({ ...lower, measure: 'idle CPU, %', ours: each('idleCpu'), bound: 1 }),
    figure({ ...lower, measure: 'RSS at rest, MB', ours: each('restingMegabytes') }),
  ];
}

/** Starts the connector over one event, and leaves it alone once that is delivered. */
async function start({ parts: open }: Bench): Promise<Start> {
  const parts = await open();
  const topic = await parts.load.topic({
    ...{ events: 1, clickEvery: 1, tracedEvery: 10, partitions: 4 },
  });
  const store = await parts.clicks.fresh('postgres');
  const setup = { isTracing: true, concurrency: 64, setting: store.setting };
  const { program } = await prepareConnector(parts, topic, setup);
  await parts.receiver.reset(0);
  const watched = new Watched(program);
  try {
    await watched.untilReady();
    const untilFetch = Date.now() - watched.startedAt;
    while ((await parts.receiver.count()).requests === 0) await watched.check();
    const { firstAt } = await parts.receiver.count();
    await sleep(settleTime);
    const before = await watched.usage();
    await sleep(idleTime);
    const after = await watched.usage();
    await watched.stop();
    return {
      ...{ untilFetch, untilPostback: firstAt - watched.startedAt },
      idleCpu: ((after.cpuSeconds - before.cpuSeconds) / (idleTime / 1_000)) * 100,
      restingMegabytes: after.residentMegabytes,
    };
  } finally {
    watched.kill();
    await store.drop();
  }
}

/** Milliseconds of a Node process from start to end. */
async function timeOf(given: readonly string[]): Promise<number> {
  const startedAt = performance.now();
  await promisify(execFile)(process.execPath, given);
  return performance.now() - startedAt;
}
