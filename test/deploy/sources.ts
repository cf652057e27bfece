import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { parseQuery, type Query } from './promql.ts';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

const recording = z.strictObject({ record: z.string(), expr: z.string() });
const alert = z.strictObject({
  alert: z.string(),
  expr: z.string(),
  for: z.string(),
  labels: z.strictObject({ severity: z.enum(['critical', 'warning', 'none']) }),
  annotations: z.strictObject({
    summary: z.string(),
    description: z.string(),
    runbook_url: z.string(),
  }),
});
const ruleFile = z.strictObject({
  groups: z.array(
    z.strictObject({ name: z.string(), rules: z.array(z.union([recording, alert])) }),
  ),
});

const rules = ruleFile
  .parse(parse(read('deploy/prometheus/alerts.yaml')))
  .groups.flatMap((group) => group.rules);

/** The alerts of deploy/prometheus/alerts.yaml. */
export const alerts = rules.flatMap((rule) => ('alert' in rule ? [rule] : []));
/** The names of the series that its rules record. */
export const recorded = rules.flatMap((rule) => ('record' in rule ? [rule.record] : []));

const runbook = read('docs/runbook.md');
/** The alerts that the runbook has a section for, in its order, and what is in each. */
export const runbookSections = new Map(
  runbook
    .split(/^## /m)
    .slice(1)
    .map((section) => [section.slice(0, section.indexOf('\n')), section] as const),
);
/** Metrics that the text of the runbook names. */
export const runbookNames = runbook.match(/\bpowerspace_\w+/g) ?? [];

/** The queries of a section of the runbook. */
export function queriesIn(section: string): readonly string[] {
  return [...section.matchAll(/^```promql\n(.*?)^```/gms)].flatMap(([, text = '']) =>
    text.trim().split('\n'),
  );
}

const dashboard = z.object({
  panels: z.array(
    z.object({
      title: z.string(),
      targets: z.array(z.object({ expr: z.string(), legendFormat: z.string() })).default([]),
    }),
  ),
  templating: z.object({ list: z.array(z.object({ name: z.string(), query: z.string() })) }),
});

/** The dashboard as it is committed. */
export const committedDashboard: unknown = JSON.parse(read('deploy/grafana/dashboard.json'));
const { panels, templating } = dashboard.parse(committedDashboard);
/** What the panels show: title, query and name of the series. */
export const panelTargets = panels.flatMap(({ title, targets }) =>
  targets.map((target) => ({ title, ...target })),
);
/** The queries that give the variables their values: those of label_values. */
const variableQueries = templating.list.flatMap(
  ({ query }) => /^label_values\((.*), \w+\)$/.exec(query)?.[1] ?? [],
);

/** What the scenarios feed in. */
const scenarioSeries = ['scenarios.yaml', 'weekScenarios.yaml'].flatMap((file) =>
  z
    .object({
      tests: z.array(z.object({ input_series: z.array(z.object({ series: z.string() })) })),
    })
    .parse(parse(read(`test/deploy/${file}`)))
    .tests.flatMap(({ input_series }) => input_series.map(({ series }) => series)),
);

const scenarioText = read('test/deploy/scenarios.yaml') + read('test/deploy/weekScenarios.yaml');
/** The alerts that fire in a scenario. */
export const alertsOfScenarios = new Set(
  Array.from(scenarioText.matchAll(/alertname="(\w+)"/g), ([, name]) => name),
);

/** All queries, by where they are. */
export const queries: readonly (readonly [string, Query])[] = [
  ...rules.map((rule) => ['alert' in rule ? rule.alert : rule.record, rule.expr] as const),
  ...panelTargets.map(({ title, expr }) => [`the panel "${title}"`, expr] as const),
  ...variableQueries.map((query) => ['a variable of the dashboard', query] as const),
  ...[...runbookSections].flatMap(([name, section]) =>
    queriesIn(section).map((query) => [`the runbook of ${name}`, query] as const),
  ),
  ...scenarioSeries.map((series) => ['a scenario', series] as const),
].map(([where, text]) => [where, parseQuery(text)] as const);
