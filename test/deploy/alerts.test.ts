import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { createDashboard } from '../../dev/dashboard/dashboard.ts';
import { findPromtool } from '../../dev/native/promtool.ts';
import { MissingPrerequisiteError } from '../../dev/service.ts';
import type { Sample } from '../integration/prometheus.ts';
import { exportedSeries } from './exported.ts';
import type { Selector } from './promql.ts';
import * as source from './sources.ts';

const run = promisify(execFile);

/** Labels that Prometheus itself puts on what it scrapes. */
const targetLabels = ['namespace', 'job', 'instance'];
/** Series that Prometheus makes. */
const ownOfPrometheus = ['up', 'ALERTS', ...source.recorded];

let exported: readonly Sample[];
beforeAll(async () => {
  exported = await exportedSeries();
});

const labelsOf = (metric: string) =>
  new Set(
    exported.filter(({ name }) => name === metric).flatMap(({ labels }) => Object.keys(labels)),
  );

/** What is stale in a selector; undefined where there is nothing. */
function problemOf({ metric, matchers }: Selector): string | undefined {
  if (ownOfPrometheus.includes(metric)) return undefined;
  const series = exported.filter(({ name }) => name === metric);
  if (series.length === 0) return `${metric || 'a selector without a name'} is not exported`;
  for (const { label, operator, value } of matchers.filter(
    (matcher) => !targetLabels.includes(matcher.label),
  )) {
    const values = new Set(series.map(({ labels }) => labels[label]));
    if (!labelsOf(metric).has(label)) return `${metric} has no label ${label}`;
    const isName = operator === '=' || operator === '!=';
    const isFree = label === 'topic' || label === 'partition';
    for (const name of isName ? [value] : value.split('|')) {
      if (!isFree && !values.has(name)) return `${label} of ${metric} is never ${name}`;
    }
  }
  return undefined;
}

describe('names', () => {
  test('of metrics, labels and their values are those that are exported', () => {
    expect(source.queries.length).toBeGreaterThan(100);
    const problems = source.queries.flatMap(([where, { selectors }]) =>
      selectors.flatMap((selector) => {
        const problem = problemOf(selector);
        return problem === undefined ? [] : [`${where}: ${problem}`];
      }),
    );
    expect(problems).toEqual([]);
  });

  test('of labels that a query groups and joins by are on what it reads', () => {
    const problems = source.queries.flatMap(([where, { selectors, labels }]) => {
      const known = new Set([
        ...targetLabels,
        ...selectors.flatMap(({ metric }) => [...labelsOf(metric)]),
      ]);
      return labels
        .filter((label) => !known.has(label))
        .map((label) => `${where}: ${label} is on nothing that it reads`);
    });
    expect(problems).toEqual([]);
  });

  test('of metrics in the text of the runbook are those that are exported', () => {
    const known = [...exported.map(({ name }) => name), ...source.recorded.join(' ').split(/\W/)];
    expect(source.runbookNames.filter((name) => !known.includes(name))).toEqual([]);
  });

  test('of labels in annotations and legends are those that the query leaves', () => {
    const texts = [
      ...source.alerts.map(({ alert, expr, annotations }) => ({
        ...{ where: alert, expr, text: annotations.summary + annotations.description },
      })),
      ...source.panelTargets.map(({ title, expr, legendFormat }) => ({
        ...{ where: title, expr, text: legendFormat },
      })),
    ];
    const problems = texts.flatMap(({ where, expr, text }) => {
      const left = [
        ...targetLabels,
        ...(/^(?:\(?\s*)*\w+ by \(([^)]*)\)/.exec(expr)?.[1] ?? '').split(', '),
      ];
      const used = Array.from(
        text.matchAll(/\$labels\.(\w+)|\{\{(\w+)\}\}/g),
        (match) => match[1] ?? match[2] ?? '',
      );
      return used.filter((label) => !left.includes(label)).map((label) => `${where}: ${label}`);
    });
    expect(problems).toEqual([]);
  });

  test('of every metric are on the dashboard', () => {
    const shown = new Set(
      source.panelTargets.flatMap(({ expr }) => expr.match(/powerspace_\w+/g) ?? []),
    );
    const families = new Set(exported.map(({ name }) => name.replace(/_(sum|count)$/, '_bucket')));
    families.delete('target_info');
    expect([...families].filter((name) => !shown.has(name))).toEqual([]);
  });
});

describe('alerts', () => {
  const names = source.alerts.map(({ alert }) => alert);

  test('have a section in the runbook each, and no section is left over', () => {
    expect([...source.runbookSections.keys()].toSorted()).toEqual(names.toSorted());
  });

  test.each(source.alerts)(
    '$alert leads to its section, which says what it means, what to look at and what to do',
    ({ alert, annotations }) => {
      expect(annotations.runbook_url).toBe(`docs/runbook.md#${alert.toLowerCase()}`);
      const section = source.runbookSections.get(alert) ?? '';
      for (const part of ['**Means**', '**Look at**', '**Do**']) expect(section).toContain(part);
      expect(source.queriesIn(section)).not.toEqual([]);
    },
  );

  test('fire in a scenario each', () => {
    expect(names.filter((name) => !source.alertsOfScenarios.has(name))).toEqual([]);
  });

  test('are rules that Prometheus takes, and fire when they should and only then', {
    timeout: 120_000,
  }, async (context) => {
    const promtool = await promtoolOrSkip(context.skip);
    const cwd = fileURLToPath(new URL('../../', import.meta.url));
    const files = ['scenarios.yaml', 'weekScenarios.yaml'].map((file) => `test/deploy/${file}`);
    // They reject with what it wrote where something is wrong.
    await run(promtool, ['check', 'rules', 'deploy/prometheus/alerts.yaml'], { cwd });
    const { stdout } = await run(promtool, ['test', 'rules', ...files], { cwd });
    expect(stdout.match(/SUCCESS/g)).toHaveLength(files.length);
  });
});

test('the dashboard is what `npm run dashboard` writes', () => {
  expect(source.committedDashboard).toEqual(createDashboard());
});

async function promtoolOrSkip(skip: (note: string) => never): Promise<string> {
  try {
    return await findPromtool({ report: (line) => console.error(line) });
  } catch (thrown) {
    if (thrown instanceof MissingPrerequisiteError) skip(thrown.message);
    throw thrown;
  }
}
