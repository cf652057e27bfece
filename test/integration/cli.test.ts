import { describe, expect, test } from 'vitest';
import { runCommand } from '../cli/commandLine.ts';
import { exportedSeries } from '../deploy/exported.ts';
import { ownReport, produceEvents } from './ownEvents.ts';
import { logLines, openOwnRun, startRun } from './ownRun.ts';
import { parseMetrics, type Sample } from './prometheus.ts';
import { until } from './until.ts';

/** A second or two on a machine that has nothing else to do. */
const exitDeadline = 15_000;

describe("a user's own run", () => {
  test('tells Powerspace each conversion as its document says, and commits to the end', async (context) => {
    const { platform, powerspace, folder, committed } = await openOwnRun(context);
    const expected = await produceEvents(platform);

    const checked = await runCommand(['check'], { folder });
    expect(checked.stdout).toMatch(/^connector\.yaml is ready to run$/m);
    expect(checked).toMatchObject({ exitCode: 0, stderr: '' });
    expect(powerspace.lines).toEqual(['GET / HTTP/1.1']);

    const running = await startRun(folder, ['--json']);
    await committed();
    running.signal('SIGTERM');
    const { exitCode, stdout, stderr } = await running.ended;

    const postbacks = powerspace.lines.slice(1);
    expect(postbacks.toSorted()).toEqual(expected.toSorted());
    // Of each click the lead comes first.
    expect(postbacks.filter((line) => line.includes('pws-Ab1'))).toEqual(
      expected.filter((line) => line.includes('pws-Ab1')),
    );
    expect(JSON.parse(stdout)).toEqual(ownReport);
    // Every line of stderr is a line of the log.
    const told = logLines(stderr)
      .filter(({ level }) => level === 'info')
      .map(({ msg }) => msg);
    expect(told).toEqual(['connecting', 'reading', 'stopping', 'stopped']);
    expect(exitCode).toBe(0);
  });

  test('ends soon after SIGTERM when nothing is under way, and goes on where it was', async (context) => {
    const { platform, powerspace, folder, committed } = await openOwnRun(context);
    const expected = await produceEvents(platform);
    const first = await startRun(folder);
    await committed();
    const startedAt = performance.now();
    first.signal('SIGTERM');
    expect((await first.ended).exitCode).toBe(0);
    expect(performance.now() - startedAt).toBeLessThan(exitDeadline);

    const second = await startRun(folder);
    await until(
      () => readMetrics(second.adminUrl),
      (samples) => samples.some(({ name }) => name === 'powerspace_partition_lag'),
    );
    second.signal('SIGINT');
    const { exitCode, stdout } = await second.ended;
    expect(stdout).toBe('records 0: delivered 0, duplicate 0, skipped 0, dead-lettered 0\n');
    expect(exitCode).toBe(0);
    expect(powerspace.lines).toHaveLength(expected.length);
  });

  test('is live and ready, and not ready while Powerspace does not let it in', async (context) => {
    const { platform, powerspace, folder, committed } = await openOwnRun(context);
    powerspace.status = 401;
    await produceEvents(platform);
    const { adminUrl } = await startRun(folder);
    await until(
      () => ask(`${adminUrl}/health/ready`),
      ([status]) => status === 503,
    );
    expect(await ask(`${adminUrl}/health/ready`)).toEqual([
      503,
      { status: 'not ready', problems: ['postbacks are held (setup)'] },
    ]);
    expect(await ask(`${adminUrl}/health/live`)).toEqual([200, { status: 'live' }]);
    expect(select(await readMetrics(adminUrl), 'powerspace_ready')).toMatchObject([{ value: 0 }]);

    powerspace.status = 200;
    await committed();
    expect(await ask(`${adminUrl}/health/ready`)).toEqual([200, { status: 'ready' }]);
    expect((await ask(`${adminUrl}/unknown`))[0]).toBe(404);
  });

  test('is measured as Prometheus reads it', async (context) => {
    const { platform, folder, committed } = await openOwnRun(context);
    await produceEvents(platform);
    const { adminUrl } = await startRun(folder, [], { OTEL_SERVICE_NAME: 'acme' });
    await committed();
    const samples = await readMetrics(adminUrl);
    const sum = (name: string, labels: Readonly<Record<string, string>> = {}) =>
      select(samples, name, labels).reduce((total, { value }) => total + value, 0);

    expect(sum('powerspace_records_total')).toBe(ownReport.records);
    for (const [outcome, count] of Object.entries(ownReport.outcomes)) {
      expect([outcome, sum('powerspace_records_total', { outcome })]).toEqual([outcome, count]);
    }
    const noClick = { outcome: 'skipped', reason: 'no-click' };
    expect(sum('powerspace_records_total', noClick)).toBe(ownReport.reasons['skipped no-click']);
    expect(sum('powerspace_postback_attempts_total', { class: 'delivered' })).toBe(4);
    expect(sum('powerspace_postback_duration_count', { outcome: 'delivered' })).toBe(4);
    const boundaries = select(samples, 'powerspace_postback_attempt_duration_bucket');
    // An answer takes milliseconds: buckets that begin at 5 s would tell nothing.
    expect(boundaries.filter(({ labels }) => Number(labels['le']) < 1).length).toBeGreaterThan(5);
    expect(sum('powerspace_postbacks_in_flight')).toBe(0);
    expect(sum('powerspace_records_unsettled')).toBe(0);
    expect(sum('powerspace_records_unsettled_oldest_age')).toBe(0);
    expect(select(samples, 'powerspace_partition_lag')).toHaveLength(6);
    expect(sum('powerspace_partition_lag')).toBe(0);
    expect(select(samples, 'powerspace_hold')).toHaveLength(3);
    expect(sum('powerspace_hold')).toBe(0);
    expect(sum('powerspace_store_clicks')).toBeGreaterThanOrEqual(2);
    expect(sum('powerspace_store_ledger')).toBe(4);
    expect(sum('powerspace_last_success_age')).toBeGreaterThan(0);
    expect(sum('powerspace_ready')).toBe(1);
    expect(sum('powerspace_store_clicks_newest_age')).toBeGreaterThan(0);
    // Alerts and dashboard are held against these.
    const shapes = new Set((await exportedSeries()).map(shapeOf));
    expect(samples.map(shapeOf).filter((shape) => !shapes.has(shape))).toEqual([]);
    expect(select(samples, 'target_info', { service_name: 'acme' })).toHaveLength(1);
  });
});

/** Its name, and those of its labels save what the environment puts on target_info. */
function shapeOf({ name, labels }: Sample): string {
  return name === 'target_info' ? name : `${name} ${Object.keys(labels).toSorted()}`;
}

async function ask(url: string): Promise<readonly [number, unknown]> {
  const response = await fetch(url);
  return [response.status, await response.json()];
}

async function readMetrics(adminUrl: string): Promise<readonly Sample[]> {
  const response = await fetch(`${adminUrl}/metrics`);
  return parseMetrics(await response.text());
}

function select(
  samples: readonly Sample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): readonly Sample[] {
  const wanted = Object.entries(labels);
  return samples.filter(
    (sample) =>
      sample.name === name && wanted.every(([label, value]) => sample.labels[label] === value),
  );
}
