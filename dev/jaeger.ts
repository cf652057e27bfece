import { startedContainer } from './docker.ts';
import { nativeJaeger } from './native/jaeger.ts';
import { type JaegerService, MissingPrerequisiteError, type StartOptions } from './service.ts';
import { startPart } from './start.ts';

const image = 'jaegertracing/all-in-one:1.76.0';
const otlpPort = 4318;
const queryPort = 16686;

/**
 * A Jaeger that keeps traces in memory: at `JAEGER_OTLP_URL` and `JAEGER_QUERY_URL`, in a container, or
 * as a process, which has no web pages unless the machine has a `jaeger-all-in-one` of its own.
 *
 * @throws MissingPrerequisiteError when none of them can be had
 */
export function startJaeger(options: StartOptions): Promise<JaegerService> {
  return startPart('jaeger', { fromEnvironment, inContainer, natively: nativeJaeger }, options);
}

function fromEnvironment(environment: NodeJS.ProcessEnv): JaegerService | undefined {
  const otlpUrl = environment['JAEGER_OTLP_URL'];
  const queryUrl = environment['JAEGER_QUERY_URL'];
  if (!otlpUrl && !queryUrl) return undefined;
  if (!otlpUrl || !queryUrl) {
    throw new MissingPrerequisiteError(
      'Only one of JAEGER_OTLP_URL and JAEGER_QUERY_URL is set: set both, or neither.',
    );
  }
  return { ...described(otlpUrl, queryUrl), origin: 'environment', stop: async () => {} };
}

async function inContainer({ signal }: StartOptions): Promise<JaegerService> {
  const { GenericContainer, Wait } = await import('testcontainers');
  const starting = new GenericContainer(image)
    .withExposedPorts(otlpPort, queryPort)
    .withWaitStrategy(Wait.forHttp('/api/services', queryPort))
    .start();
  const container = await startedContainer(starting, signal);
  const urlOf = (port: number) => `http://${container.getHost()}:${container.getMappedPort(port)}`;
  return {
    ...described(urlOf(otlpPort), urlOf(queryPort)),
    origin: 'docker',
    stop: async () => void (await container.stop()),
  };
}

function described(otlpUrl: string, queryUrl: string) {
  return { name: 'Jaeger', otlpUrl, queryUrl, example: `curl --silent ${queryUrl}/api/services` };
}
