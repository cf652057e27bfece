import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config/load.ts';
import { composeTool } from './tools.ts';

interface ComposeService {
  readonly image: string;
  readonly build?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly healthcheck?: { readonly disable?: boolean };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
}

async function readServices(): Promise<Readonly<Record<string, ComposeService>>> {
  return parse(await readFile('docker-compose.yml', 'utf8'), { merge: true }).services;
}

describe('docker-compose.yml', { timeout: 120_000 }, () => {
  test('is taken by the reader of docker compose', async (context) => {
    const read = await composeTool(context);
    const { exitCode, output } = await read('--format', 'json', 'docker-compose.yml');
    expect(exitCode).toBe(0);
    expect(Object.keys(JSON.parse(output).services).sort()).toEqual(
      ['connector', 'jaeger', 'kafka', 'postgres', 'registry', 'sandbox', 'shop'].sort(),
    );
  });

  test('has its parts in the versions that the tests run against', async () => {
    const services = await readServices();
    const sources = ['dev/registry.ts', 'dev/jaeger.ts'];
    const [registry, jaeger] = await Promise.all(
      sources.map(async (file) => /image = '(.*)'/.exec(await readFile(file, 'utf8'))?.[1]),
    );
    const broker = /version = '(.*)'/.exec(await readFile('dev/native/kafka.ts', 'utf8'))?.[1];
    expect([services['registry'], services['jaeger'], services['kafka']]).toMatchObject([
      { image: registry },
      { image: jaeger },
      { image: `apache/kafka:${broker}` },
    ]);
    const pulled = Object.values(services).filter(({ build }) => build === undefined);
    for (const { image } of pulled) expect(image).toMatch(/:\d+\.\d+/);
  });

  test('waits only for what says when it is ready', async () => {
    const services = await readServices();
    const waits = Object.values(services).flatMap((service) =>
      Object.entries(service.depends_on ?? {}),
    );
    expect(waits).not.toEqual([]);
    for (const [name, { condition }] of waits) {
      const { healthcheck } = services[name] ?? {};
      if (condition === 'service_healthy') expect(healthcheck?.disable ?? false).toBe(false);
      if (condition === 'service_healthy') expect(healthcheck, name).toBeDefined();
    }
    expect(services['connector']?.depends_on?.['shop']?.condition).toBe(
      'service_completed_successfully',
    );
  });

  test('runs our own program without rights', async () => {
    const services = await readServices();
    const own = Object.values(services).filter(({ build }) => build !== undefined);
    expect(own).toHaveLength(3);
    for (const service of own) {
      expect(service).toMatchObject({
        ...{ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] },
      });
    }
  });

  test('mounts a configuration that the connector takes', async () => {
    const { config } = await loadConfig('deploy/compose/connector.yaml', {});
    expect(config.mappings).toHaveLength(3);
    expect(config.powerspace.url).toBe('http://sandbox:8090');
  });
});
