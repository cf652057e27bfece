import { describe, expect, test } from 'vitest';
import { until } from '../integration/until.ts';
import {
  folderWith,
  runCommand,
  silentAddress,
  startCommand,
  unusedAddress,
} from './commandLine.ts';

interface Addresses {
  readonly kafka: string;
  readonly registry: string;
  readonly powerspace: string;
}

function configuration({ kafka, registry, powerspace }: Addresses): string {
  return `kafka:
  brokers: ${kafka}
  connectTimeout: 700ms
registry:
  url: http://${registry}
  timeout: 600ms
store: sqlite:none/connector.db
powerspace:
  url: http://${powerspace}
  timeout: 500ms
mappings:
  - topic: orders
    event: OrderPlaced
    record: order
    user: customerId
`;
}

// Kafka's client tries six times, ever slower, before it says so.
describe('parts that can not be reached', { timeout: 60_000 }, () => {
  test('are named by check, each with its address and setting', async () => {
    const address = await unusedAddress();
    const addresses = { kafka: address, registry: address, powerspace: address };
    const folder = await folderWith({ 'connector.yaml': configuration(addresses) });

    const { exitCode, stdout, stderr } = await runCommand(['check'], { folder });

    const refused = `connect ECONNREFUSED ${address}`;
    const lines = stdout.trimEnd().split('\n');
    expect(lines.map((line) => line.split(/ {2,}/).slice(0, 2).join(' ')).slice(0, 5)).toEqual([
      'ok configuration',
      'problem Kafka',
      'problem schemas',
      'problem store',
      'problem Powerspace',
    ]);
    expect(lines.slice(6)).toEqual([
      `connector.yaml:2:12: error: kafka.brokers: Kafka at ${address}: Connection error: ${refused} (connectTimeout 700 ms)`,
      `connector.yaml:5:8: error: registry.url: schema registry at http://${address}: no answer to GET /subjects: ${refused}`,
      `connector.yaml:7:8: error: store: store sqlite:${folder}/none/connector.db: it can't be created: ENOENT: no such file or directory, access '${folder}/none'`,
      `connector.yaml:9:8: error: powerspace.url: no answer from http://${address}: ${refused} (powerspace.timeout 500 ms)`,
      'connector.yaml is not ready to run: 4 problems',
    ]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: '' });
  });

  test('are waited for as long as their time-outs say', async () => {
    const silent = await silentAddress();
    const addresses = { kafka: await unusedAddress(), registry: silent, powerspace: silent };
    const folder = await folderWith({ 'connector.yaml': configuration(addresses) });
    const { exitCode, stdout } = await runCommand(['check'], { folder });
    expect(stdout).toContain(
      `schema registry at http://${silent}: no whole answer to GET /subjects within 600 ms`,
    );
    expect(stdout).toContain(
      `no answer from http://${silent}: no whole answer within 500 ms (powerspace.timeout 500 ms)`,
    );
    expect(exitCode).toBe(1);
  });

  test('end run with one sentence about the broker, and nothing of what its client tried', async () => {
    const address = await unusedAddress();
    const addresses = { kafka: address, registry: address, powerspace: address };
    const folder = await folderWith({ 'connector.yaml': configuration(addresses) });
    const { exitCode, stdout, stderr } = await runCommand(['run'], { folder });
    const [connecting, ...others] = stderr.split('\n');
    expect(JSON.parse(connecting ?? '')).toMatchObject({ brokers: [address], msg: 'connecting' });
    expect(others).toEqual([
      `error: Kafka at ${address}: Connection error: connect ECONNREFUSED ${address} (connectTimeout 700 ms)`,
      '',
    ]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
  });

  test('do not keep run from ending at SIGTERM', async () => {
    const address = await unusedAddress();
    const addresses = { kafka: address, registry: address, powerspace: address };
    const folder = await folderWith({ 'connector.yaml': configuration(addresses) });
    const running = startCommand(['run'], { folder });
    await until(
      () => running.written.stderr,
      (log) => log.includes('"msg":"connecting"'),
    );
    running.signal('SIGTERM');
    const { exitCode, stderr } = await running.ended;
    expect(stderr).toContain('stopped before anything was read');
    expect(stderr).not.toContain('error');
    expect(exitCode).toBe(0);
  });
});
