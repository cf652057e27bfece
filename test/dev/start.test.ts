import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { startJaeger } from '../../dev/jaeger.ts';
import { startKafka } from '../../dev/kafka.ts';
import { startPostgres } from '../../dev/postgres.ts';
import { startRegistry } from '../../dev/registry.ts';
import { MissingPrerequisiteError } from '../../dev/service.ts';

/** A machine with nothing on it: no program, no engine, no cache, no address. */
let folder: string;
let lines: string[];
const report = (line: string) => void lines.push(line);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'start-test-'));
  lines = [];
  vi.stubEnv('PATH', folder);
  vi.stubEnv('JAVA_HOME', '');
  vi.stubEnv('XDG_CACHE_HOME', folder);
  vi.stubEnv('DOCKER_HOST', `unix://${join(folder, 'docker.sock')}`);
  const addresses = ['KAFKA_BROKERS', 'SCHEMA_REGISTRY_URL', 'POSTGRES_URL'];
  for (const name of [...addresses, 'JAEGER_OTLP_URL', 'JAEGER_QUERY_URL']) vi.stubEnv(name, '');
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

async function putProgram(name: string, script: string): Promise<void> {
  await writeFile(join(folder, name), `#!/bin/sh\n${script}\n`);
  await chmod(join(folder, name), 0o755);
}

const putJava = (version: string) => putProgram('java', `echo 'openjdk version "${version}"' >&2`);

describe('an address in the environment', () => {
  test('is used as the Kafka cluster, with every broker of the list', async () => {
    vi.stubEnv('KAFKA_BROKERS', 'one:9092, two:9092');
    expect(await startKafka({ report })).toMatchObject({
      origin: 'environment',
      brokers: ['one:9092', 'two:9092'],
    });
  });

  test('is used as the schema registry', async () => {
    vi.stubEnv('SCHEMA_REGISTRY_URL', 'http://registry:8081');
    expect(await startRegistry({ report })).toMatchObject({
      origin: 'environment',
      url: 'http://registry:8081',
    });
  });

  test('is used as the PostgreSQL server', async () => {
    vi.stubEnv('POSTGRES_URL', 'postgres://me@database/test');
    expect(await startPostgres({ report })).toMatchObject({
      origin: 'environment',
      url: 'postgres://me@database/test',
    });
  });

  test('is used as Jaeger when both of its addresses are given', async () => {
    vi.stubEnv('JAEGER_OTLP_URL', 'http://jaeger:4318');
    vi.stubEnv('JAEGER_QUERY_URL', 'http://jaeger:16686');
    expect(await startJaeger({ report })).toMatchObject({
      origin: 'environment',
      otlpUrl: 'http://jaeger:4318',
      queryUrl: 'http://jaeger:16686',
    });
  });

  test('is an error when it is only half of what Jaeger needs', async () => {
    vi.stubEnv('JAEGER_OTLP_URL', 'http://jaeger:4318');
    await expect(startJaeger({ report })).rejects.toThrow(
      'Only one of JAEGER_OTLP_URL and JAEGER_QUERY_URL is set: set both, or neither.',
    );
  });
});

describe('what is missing is one sentence with the ways out', () => {
  test('when Kafka has no Java', async () => {
    const start = startKafka({ report });
    await expect(start).rejects.toThrow(MissingPrerequisiteError);
    await expect(start).rejects.toThrow(
      'Kafka needs Java 17 or newer (none was found): install it, or start Docker, or set KAFKA_BROKERS.',
    );
  });

  test('when the Java for the registry is too old', async () => {
    await putJava('1.8.0_392');
    await expect(startRegistry({ report })).rejects.toThrow(
      `The schema registry needs Java 17 or newer (found 8 at ${folder}/java): install it, or start Docker, or set SCHEMA_REGISTRY_URL.`,
    );
  });

  test('when Java is there, but not the Maven that fetches Kafka', async () => {
    await putJava('17.0.15');
    const start = startKafka({ report });
    await expect(start).rejects.toThrow(MissingPrerequisiteError);
    await expect(start).rejects.toThrow(
      'Kafka is fetched with Maven, and there is no mvn: install Maven, or start Docker, or set KAFKA_BROKERS.',
    );
  });

  test('when there is no Go to build Jaeger with', async () => {
    const start = startJaeger({ report });
    await expect(start).rejects.toThrow(MissingPrerequisiteError);
    await expect(start).rejects.toThrow('or set JAEGER_OTLP_URL and JAEGER_QUERY_URL.');
  });
});

test.each([
  ['17.0.15', '2.6.13.Final'],
  ['25.0.1', '3.3.3'],
])('with Java %s the registry is Apicurio %s', async (java, registry) => {
  await putJava(java);
  await putProgram('mvn', 'exit 1');
  await expect(startRegistry({ report })).rejects.toThrow('failed with exit code 1');
  expect(lines).toEqual([`registry: fetching Apicurio Registry ${registry} (150 MB, once) …`]);
});

test('a download that fails says what Maven said', async () => {
  await putJava('17.0.15');
  await putProgram('mvn', 'echo "no such artifact"; exit 1');
  await expect(startKafka({ report })).rejects.toThrow(
    /failed with exit code 1: no such artifact$/,
  );
});

test('a Docker engine that can start no container is reported, and the part sought as a process', async () => {
  const engine = createServer((request, response) => {
    response.statusCode = request.url?.endsWith('/_ping') ? 200 : 500;
    response.end();
  });
  await once(engine.listen(join(folder, 'docker.sock')), 'listening');
  try {
    await expect(startKafka({ report })).rejects.toThrow('Kafka needs Java 17 or newer');
    expect(lines).toEqual([
      expect.stringMatching(/^kafka: no container \(.+\); starting it as a process$/),
    ]);
  } finally {
    engine.closeAllConnections();
    await engine[Symbol.asyncDispose]();
  }
});
