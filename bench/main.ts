import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { MissingPrerequisiteError } from '../dev/service.ts';
import { startReport } from '../dev/startReport.ts';
import { backlogCase } from './backlog.ts';
import { type Bench, type BenchCase, type Figure, figure } from './case.ts';
import { buildConnector } from './connector.ts';
import { benchDecode } from './decode.ts';
import { keep, readHistory } from './history.ts';
import type { PairResult } from './pairs.ts';
import { startParts } from './parts.ts';
import { full, quick } from './size.ts';
import { benchSizes } from './sizes.ts';
import { startAndIdleCase } from './startAndIdle.ts';
import { streamCase } from './stream.ts';
import { formatTable } from './table.ts';

/** Each line is a case; --only takes those whose names begin so. */
const cases: readonly BenchCase[] = [
  streamCase({
    ...{ name: '1% postgres', attributed: '1%', withRivals: true },
    bounds: { kafkajs: 0.6, Bento: 15, CPU: 12 },
  }),
  streamCase({
    ...{ name: 'all postgres', attributed: 'all', withRivals: true },
    bounds: { undici: 0.6, 'first try': 2, Bento: 3.5 },
  }),
  streamCase({ name: '1% sqlite', attributed: '1%', store: 'sqlite' }),
  streamCase({ name: 'all sqlite', attributed: 'all', store: 'sqlite' }),
  streamCase({ name: '1% untraced', attributed: '1%', isTracing: false }),
  streamCase({ name: '1% traced', attributed: '1%', tracedEvery: 1 }),
  streamCase({ name: 'all untraced', attributed: 'all', isTracing: false }),
  streamCase({ name: 'all traced', attributed: 'all', tracedEvery: 1 }),
  streamCase({ name: '1% partitions 1', attributed: '1%', partitions: 1 }),
  streamCase({ name: '1% partitions 2', attributed: '1%', partitions: 2 }),
  ...[64, 256, 512].map((concurrency) =>
    streamCase({
      ...{ name: `all slow ${concurrency}`, attributed: 'all', delay: 50, concurrency },
      bounds: { 'in flight ÷ delay': 0.95 },
    }),
  ),
  backlogCase,
  startAndIdleCase,
  { name: 'decode', run: async () => (await benchDecode()).map(figureOfPair) },
  {
    name: 'sizes',
    run: async ({ size, report }) =>
      (await benchSizes(Number(values.rows ?? size.storedClicks), report)).map(figureOfPair),
  },
];

const usage = `npm run bench -- [--quick] [--only NAME]… [--rounds N] [--rows N] [--json] [--output FILE]

Measures what the connector does and costs, as ratios to floors and rivals measured in
the same run. bench/README.md says what the cases are:
  ${cases.map(({ name }) => name).join(', ')}

  --quick        small topics, one round: under three minutes
  --only NAME    only the cases whose names begin so; may be given several times
  --rounds N     paired runs of each comparison (5)
  --rows N       clicks in the large stores of sizes, in thousands (1000000)
  --json         print JSON instead of the table
  --output FILE  write the JSON there, too`;

function figureOfPair({ name, baseline, ours, theirs }: PairResult): Figure {
  const measured = { subject: name, measure: 'ns', better: 'lower' } as const;
  return figure({ ...measured, ours: [ours], baseline: { name: baseline, values: [theirs] } });
}

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: [''] },
    rounds: { type: 'string' },
    rows: { type: 'string' },
    json: { type: 'boolean', default: false },
    output: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

const chosen = cases.filter(({ name }) => values.only.some((start) => name.startsWith(start)));
const rounds = Number(values.rounds ?? (values.quick ? 1 : 5));

async function measure(bench: Bench): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const { name, run } of chosen) {
    try {
      figures.push(...(await run(bench)));
    } catch (thrown) {
      if (!(thrown instanceof MissingPrerequisiteError)) throw thrown;
      bench.report(`${name}: not measured. ${thrown.message}`);
    }
  }
  return figures;
}

async function runBench(): Promise<void> {
  const report = startReport();
  const size = values.quick ? quick : full;
  await using opened = new AsyncDisposableStack();
  let parts: ReturnType<typeof startParts> | undefined;
  const start = async () => {
    await buildConnector();
    return startParts({ size, report }, opened);
  };
  const figures = await measure({
    ...{ size, rounds, report },
    parts: () => {
      parts ??= start();
      return parts;
    },
  });
  const history = await readHistory(size.name);
  const json = JSON.stringify({ at: new Date().toISOString(), size: size.name, rounds, figures });
  if (values.output) await writeFile(values.output, `${json}\n`);
  console.log(values.json ? json : formatTable(figures, history));
  await keep(history, figures);
}

// Ended early, its processes end with it (watched.ts, dev/native/process.ts).
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
if (values.help) {
  console.log(usage);
} else if (chosen.length === 0 || !(Number.isInteger(rounds) && rounds > 0)) {
  console.error(chosen.length === 0 ? `no such case\n\n${usage}` : '--rounds takes a whole number');
  process.exitCode = 2;
} else {
  await runBench();
}
