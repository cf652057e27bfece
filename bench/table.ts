import { type Figure, holds } from './case.ts';
import type { History } from './history.ts';

const headings = ['case', 'measure', 'ours', 'against', '', 'ratio', 'rounds', 'bound', 'history'];

/** The figures, one a line: ours, the baseline, their ratio and its range, the bound, and what earlier runs say. */
export function formatTable(figures: readonly Figure[], history: History): string {
  const rows = [headings, ...figures.map((figure) => rowOf(figure, history))];
  const widths = headings.map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function rowOf(figure: Figure, history: History): readonly string[] {
  const { subject, measure, ours, baseline, value, rounds } = figure;
  return [
    ...[subject, measure, short(ours)],
    ...(baseline ? [baseline.name, short(baseline.value), short(value)] : ['', '', '']),
    rounds.length > 1 ? `${short(Math.min(...rounds))}–${short(Math.max(...rounds))}` : '',
    describeBound(figure),
    describeChange(figure, history),
  ];
}

function describeBound(figure: Figure): string {
  const held = holds(figure);
  if (held === undefined) return '';
  const sign = figure.better === 'higher' ? '≥' : '≤';
  return `${held ? 'holds' : 'FAILS'} (${sign} ${figure.bound})`;
}

function describeChange(figure: Figure, history: History): string {
  const worse = history.worseBy(figure);
  if (worse === undefined) return '';
  const percent = `${Math.abs(worse * 100).toFixed(0)}% ${worse > 0 ? 'worse' : 'better'}`;
  return history.isRegression(figure) ? `REGRESSION: ${percent}` : percent;
}

/** Three digits that count. */
function short(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (Math.abs(value) >= 100) return value.toFixed(0);
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}
