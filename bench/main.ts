import { parseArgs } from 'node:util';
import { benchDecode } from './decode.ts';
import type { PairResult } from './pairs.ts';

const usage = `npm run bench -- [--json]

Measures what the connector costs, as ratios to a floor measured in the same run.`;

const { values } = parseArgs({
  options: { json: { type: 'boolean' }, help: { type: 'boolean' } },
});
if (values.help) {
  console.log(usage);
} else {
  const results = await benchDecode();
  console.log(values.json ? JSON.stringify(results) : results.map(format).join('\n'));
}

function format({ name, baseline, ours, theirs, ratio }: PairResult): string {
  const times = `${ours.toFixed(0)} ns, ${baseline} ${theirs.toFixed(0)} ns`;
  return `${name.padEnd(44)} ${ratio.toFixed(2).padStart(6)}  (${times})`;
}
