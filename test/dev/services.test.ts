import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const addresses = {
  KAFKA_BROKERS: 'kafka:9092',
  SCHEMA_REGISTRY_URL: 'http://registry:8081',
  POSTGRES_URL: 'postgres://me@database/test',
  MARIADB_URL: 'mysql://me@database/test',
  JAEGER_OTLP_URL: 'http://jaeger:4318',
  JAEGER_QUERY_URL: 'http://jaeger:16686',
};

function runServices(environment: Record<string, string>) {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../../dev/services.ts')], {
    env: { ...process.env, ...environment },
  });
  const output = { text: '', log: '' };
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output.text += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    output.log += chunk;
  });
  return { child, output, ended: once(child, 'close').then(([code]) => code) };
}

const untilStarted = { timeout: 10_000 };

describe('npm run services', () => {
  test('prints every address and a line to try, and waits until Ctrl-C, pressed twice at that', async () => {
    const { child, output, ended } = runServices(addresses);
    await expect.poll(() => output.log, untilStarted).toBe('Ctrl-C ends them.\n');
    for (const [name, value] of Object.entries(addresses)) {
      expect(output.text).toContain(`  ${name}=${value}\n`);
    }
    expect(output.text).toContain('  try: kcat -b kafka:9092 -L\n');
    child.kill('SIGINT');
    child.kill('SIGINT');
    expect(await ended).toBe(0);
  });

  test('says what a part lacks and goes on with the others', async () => {
    const { child, output, ended } = runServices({ ...addresses, JAEGER_OTLP_URL: '' });
    await expect.poll(() => output.log, untilStarted).toBe('Ctrl-C ends them.\n');
    expect(output.text).toContain('Jaeger: unavailable. Only one of JAEGER_OTLP_URL and');
    expect(output.text).toContain('Kafka (environment)\n');
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  });
});
