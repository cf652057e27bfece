import { parseArgs } from 'node:util';
import { benchDecode } from './decode.ts';
import type { PairResult } from './pairs.ts';
import { benchSizes } from './sizes.ts';

const usage = `npm run bench -- [--only decode|sizes] [--rows ROWS] [--json]

Measures what the connector costs, as ratios to a floor measured in the same run.

  --only NAME   decode: decoding and mapping a record; sizes: looking clicks up, and purging them, in stores with many
  --rows ROWS   clicks in the large stores of sizes, in thousands (default 1000000)`;

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    rows: { type: 'string', default: '1000000' },
    json: { type: 'boolean' },
    help: { type: 'boolean' },
  },
});
if (values.help) {
  console.log(usage);
} else {
  const cases: Record<string, () => Promise<readonly PairResult[]>> = {
    decode: benchDecode,
    sizes: () => benchSizes(Number(values.rows), console.error),
  };
  const results: PairResult[] = [];
  for (const [name, run] of Object.entries(cases)) {
    if ((values.only ?? name) === name) results.push(...(await run()));
  }
  console.log(values.json ? JSON.stringify(results) : results.map(format).join('\n'));
}

function format({ name, baseline, ours, theirs, ratio }: PairResult): string {
  const times = `${ours.toFixed(0)} ns, ${baseline} ${theirs.toFixed(0)} ns`;
  return `${name.padEnd(44)} ${ratio.toFixed(2).padStart(6)}  (${times})`;
}
