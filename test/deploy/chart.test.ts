import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { stopDeadline } from '../../src/cli/runToEnd.ts';
import { loadConfig } from '../../src/config/load.ts';
import { renderChart } from './renderChart.ts';
import { kubernetesValidateTool, kubernetesVersions } from './tools.ts';

const chart = resolve('deploy/helm/powerspace-connector');
const examples = ['postgres', 'sqlite', 'keda', 'hpa'] as const;
const secrets = { KAFKA_PASSWORD: 'k', STORE_PASSWORD: 's', CLICKS_TOKEN: 'c'.repeat(32) };

/** The values of an example, with changes. */
async function valuesOf(example: (typeof examples)[number], changes: object = {}) {
  const values = parse(await readFile(join(chart, 'ci', `${example}-values.yaml`), 'utf8'));
  return { ...values, ...changes };
}

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'connector-chart-test-'));
  onTestFinished(() => rm(made, { recursive: true }));
  return made;
}

// Fetching the tools takes the first run half a minute.
describe('the Helm chart', { timeout: 180_000 }, () => {
  test('makes manifests that fit the API schemas of Kubernetes, to the last field', async (context) => {
    const validate = await kubernetesValidateTool(context);
    const rendered = await renderChart(
      context,
      chart,
      await Promise.all(examples.map((example) => valuesOf(example))),
    );
    const place = await folder();
    const files = examples.map((example) => join(place, `${example}.yaml`));
    for (const [index, file] of files.entries()) {
      expect(rendered[index]?.refusal).toBe('');
      await writeFile(file, rendered[index]?.text ?? '');
    }
    for (const version of kubernetesVersions) {
      const { exitCode, output } = await validate('-k', version, ...files);
      // Those of KEDA and of the operator of Prometheus are not part of Kubernetes.
      const notes = output.split('\n').filter((line) => !line.startsWith('INFO ') && line !== '');
      expect(notes.map((line) => /schema for kind (\w+)/.exec(line)?.[1] ?? line)).toEqual([
        'ServiceMonitor',
        'ScaledObject',
      ]);
      expect(exitCode).toBe(0);
      expect(output).toMatch(/passed for resource deployment\/release-powerspace-connector/);
    }
  });

  test('configures a connector that starts with it', async (context) => {
    const sets = await Promise.all(examples.map((example) => valuesOf(example)));
    for (const { find } of await renderChart(context, chart, sets)) {
      const file = join(await folder(), 'connector.yaml');
      await writeFile(file, find('ConfigMap')?.['data']['connector.yaml']);
      const { config } = await loadConfig(file, secrets);
      expect(config.admin.listen).toBe('0.0.0.0:9464');
    }
  });

  test('runs the connector with as few rights as it needs, and tells it no secret but by reference', async (context) => {
    const [rendered] = await renderChart(context, chart, [await valuesOf('postgres')]);
    const pod = rendered?.find('Deployment')?.['spec'].template.spec;
    expect(pod).toMatchObject({
      automountServiceAccountToken: false,
      securityContext: {
        ...{ runAsNonRoot: true, runAsUser: 65532, runAsGroup: 65532 },
        seccompProfile: { type: 'RuntimeDefault' },
      },
    });
    expect(pod.containers).toHaveLength(1);
    expect(pod.containers[0].securityContext).toEqual({
      ...{ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true },
      capabilities: { drop: ['ALL'] },
    });
    expect(pod.containers[0].envFrom).toEqual([{ secretRef: { name: 'powerspace-connector' } }]);
    expect(rendered?.find('Secret')).toBeUndefined();
  });

  test('asks the admin server how the connector is, and gives it time to drain', async (context) => {
    const [rendered] = await renderChart(context, chart, [await valuesOf('postgres')]);
    const pod = rendered?.find('Deployment')?.['spec'].template.spec;
    const [{ ports, startupProbe, livenessProbe, readinessProbe }] = pod.containers;
    expect(ports).toEqual([{ name: 'admin', containerPort: 9464 }]);
    expect([startupProbe, livenessProbe, readinessProbe].map((probe) => probe.httpGet)).toEqual([
      { path: '/health/live', port: 'admin' },
      { path: '/health/live', port: 'admin' },
      { path: '/health/ready', port: 'admin' },
    ]);
    expect(pod.terminationGracePeriodSeconds * 1_000).toBeGreaterThan(stopDeadline);
  });

  test('gives a store in SQLite one replica and a volume that stays', async (context) => {
    const [rendered] = await renderChart(context, chart, [await valuesOf('sqlite')]);
    const spec = rendered?.find('Deployment')?.['spec'];
    expect([spec.replicas, spec.strategy]).toEqual([1, { type: 'Recreate' }]);
    const claim = rendered?.find('PersistentVolumeClaim')?.['metadata'];
    expect(claim.annotations).toEqual({ 'helm.sh/resource-policy': 'keep' });
    expect(spec.template.spec.volumes).toContainEqual({
      ...{ name: 'store', persistentVolumeClaim: { claimName: claim.name } },
    });
    expect(rendered?.find('PodDisruptionBudget')).toBeUndefined();
  });

  test('leaves the number of replicas to whoever scales by lag', async (context) => {
    const sets = await Promise.all([valuesOf('keda'), valuesOf('hpa')]);
    const [keda, hpa] = await renderChart(context, chart, sets);
    for (const rendered of [keda, hpa]) {
      expect(rendered?.find('Deployment')?.['spec']).not.toHaveProperty('replicas');
    }
    expect(keda?.find('ScaledObject')?.['spec']).toMatchObject({
      scaleTargetRef: { name: 'release-powerspace-connector' },
      triggers: [
        {
          type: 'kafka',
          metadata: {
            bootstrapServers: 'kafka-0.kafka:9092,kafka-1.kafka:9092',
            ...{ consumerGroup: 'shop-connector', lagThreshold: '50000' },
          },
          authenticationRef: { name: 'kafka' },
        },
      ],
    });
    expect(hpa?.find('HorizontalPodAutoscaler')?.['spec'].metrics[0].external.metric.name).toBe(
      'powerspace_partition_lag',
    );
  });

  test('refuses values that can not work, with what to do', async (context) => {
    const elsewhere = await valuesOf('sqlite');
    const refused = await renderChart(context, chart, [
      {},
      await valuesOf('sqlite', { replicaCount: 2 }),
      { ...elsewhere, config: { ...elsewhere.config, store: 'sqlite:connector.db' } },
      await valuesOf('postgres', { replicas: 2 }),
      await valuesOf('postgres', { terminationGracePeriodSeconds: 20 }),
      await valuesOf('postgres', { image: { digest: 'sha256:1' } }),
    ]);
    expect(refused.map(({ refusal }) => refusal)).toEqual([
      expect.stringMatching(/kafka is required.*store is required.*mappings is required/s),
      expect.stringContaining('in SQLite is for one replica: set config.store to postgres://…'),
      expect.stringContaining('so it is sqlite:/var/lib/powerspace-connector/connector.db'),
      expect.stringContaining('Additional property replicas is not allowed'),
      expect.stringContaining('terminationGracePeriodSeconds: Must be greater than or equal to 30'),
      expect.stringContaining('image.digest: Does not match pattern'),
    ]);
  });
});
