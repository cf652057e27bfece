import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { until } from '../integration/until.ts';
import {
  folderWith,
  type RunningCommand,
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
admin:
  listen: 127.0.0.1:0
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
      `connector.yaml:11:8: error: powerspace.url: no answer from http://${address}: ${refused} (powerspace.timeout 500 ms)`,
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

  test('are waited for by run, which is live, not ready, and says why', async () => {
    const address = await unusedAddress();
    const addresses = { kafka: address, registry: address, powerspace: address };
    const folder = await folderWith({ 'connector.yaml': configuration(addresses) });
    const running = startCommand(['run'], { folder });
    const adminUrl = await connectingAt(running);
    const refused = `connect ECONNREFUSED ${address}`;
    const problems = [
      `Kafka at ${address}: Connection error: ${refused} (connectTimeout 700 ms)`,
      `schema registry at http://${address}: no answer to GET /subjects: ${refused}`,
      `store sqlite:${folder}/none/connector.db: it can't be created: ENOENT: no such file or directory, access '${folder}/none'`,
    ];
    const ready = await until(
      async () => readyAnswer.parse(await (await fetch(`${adminUrl}/health/ready`)).json()),
      (answer) => answer.problems.length === problems.length,
    );
    expect({ ...ready, problems: ready.problems.toSorted() }).toEqual({
      status: 'not ready',
      problems,
    });
    expect((await fetch(`${adminUrl}/health/ready`)).status).toBe(503);
    expect((await fetch(`${adminUrl}/health/live`)).status).toBe(200);
    expect(await (await fetch(`${adminUrl}/metrics`)).text()).toContain('target_info');
    // Waited for again and again, each time with a word.
    for (const problem of problems) {
      await until(
        () => running.written.stderr.split(JSON.stringify(problem).slice(1, -1)).length,
        (pieces) => pieces > 3,
      );
    }

    const askedAt = performance.now();
    running.signal('SIGTERM');
    const { exitCode, stdout, stderr } = await running.ended;
    // At once: none of the parts' time-outs is waited for.
    expect(performance.now() - askedAt).toBeLessThan(5_000);
    expect(stderr.trimEnd().split('\n').at(-1)).toContain('stopped before anything was read');
    expect(stderr).not.toContain('"level":"error"');
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' });
  });

  test('do not keep run from ending at once at SIGTERM while one takes its time to answer', async () => {
    const silent = await silentAddress();
    const addresses = { kafka: silent, registry: silent, powerspace: silent };
    const text = configuration(addresses).replaceAll(/: [67]00ms/g, ': 60s');
    const folder = await folderWith({ 'connector.yaml': text });
    const running = startCommand(['run'], { folder });
    await connectingAt(running);
    const askedAt = performance.now();
    running.signal('SIGTERM');
    const { exitCode, stderr } = await running.ended;
    expect(performance.now() - askedAt).toBeLessThan(5_000);
    expect(stderr).toContain('stopped before anything was read');
    expect(exitCode).toBe(0);
  });

  test('do not hide from run what no waiting mends', async () => {
    const address = await unusedAddress();
    const addresses = { kafka: address, registry: address, powerspace: address };
    const text = configuration(addresses).replace(
      'record: order',
      'record: order\n    format: bare\n    schema: no.avsc',
    );
    const folder = await folderWith({ 'connector.yaml': text });
    const { exitCode, stdout, stderr } = await runCommand(['run'], { folder });
    expect(stderr).toContain('connector.yaml:18:13: error: mappings[0].schema: the schema file');
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
  });

  test('do not hide from run that the address of its admin server is taken', async () => {
    const taken = await silentAddress();
    const addresses = { kafka: taken, registry: taken, powerspace: taken };
    const text = configuration(addresses).replace('127.0.0.1:0', taken);
    const folder = await folderWith({ 'connector.yaml': text });
    const { exitCode, stderr } = await runCommand(['run'], { folder });
    expect(stderr).toContain(`the admin server can't listen on ${taken} (admin.listen)`);
    expect(exitCode).toBe(1);
  });
});

const readyAnswer = z.object({ status: z.string(), problems: z.array(z.string()) });

/** Where `run` serves its health, as it says when it begins to connect. */
async function connectingAt(running: RunningCommand): Promise<string> {
  const [, url] = await until(
    () => /"admin":"([^"]+)","msg":"connecting"/.exec(running.written.stderr) ?? [],
    (found) => found.length > 0,
  );
  return url as string;
}
