import { readFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { exportedText } from '../deploy/exported.ts';
import { parseMetrics, type Sample } from '../integration/prometheus.ts';

let text = '';
let samples: readonly Sample[] = [];
beforeAll(async () => {
  text = await exportedText();
  samples = parseMetrics(text);
});

/** The rows of the tables of a section, cell by cell. */
function rowsOf(section: string): readonly (readonly string[])[] {
  const page = readFileSync('docs/metrics.md', 'utf8');
  const [, content = ''] = page.split(`\n## ${section}\n`);
  const rows = (content.split('\n## ')[0] ?? '').match(/^\|.*\|$/gm) ?? [];
  return rows.slice(2).map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const code = (name: string | undefined) => (name === undefined ? '' : `\`${name}\``);

test('docs/metrics.md has every metric that is exported, with its type, its labels and what it says of itself', () => {
  const documented = [...text.matchAll(/^# HELP (\S+) (.*)\n(?:# UNIT .*\n)?# TYPE \S+ (\w+)$/gm)]
    .map(([, name = '', help = '', type = '']) => [code(name), type, labelsOf(name), help])
    .filter(([name]) => name !== code('target_info'));
  expect(documented.length).toBeGreaterThan(15);
  const byName = ([a = '']: readonly string[], [b = '']: readonly string[]) => a.localeCompare(b);
  expect(rowsOf('Metrics').toSorted(byName)).toEqual(documented.toSorted(byName));
});

function labelsOf(metric: string): string {
  const series = samples.filter(({ name }) => name.replace(/_(bucket|sum|count)$/, '') === metric);
  const labels = new Set(series.flatMap((sample) => Object.keys(sample.labels)));
  labels.delete('le');
  return [...labels].map(code).join(', ');
}

test('docs/metrics.md has every outcome with each of its reasons, and no other', () => {
  const counted = samples
    .filter(({ name }) => name === 'powerspace_records_total')
    .map(({ labels }) => [code(labels['outcome']), code(labels['reason'])].join(' '));
  const documented = rowsOf('Outcomes').map(([outcome, reason]) => [outcome, reason].join(' '));
  expect(documented.toSorted()).toEqual(counted.toSorted());
});
