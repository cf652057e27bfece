import { startedContainer } from './docker.ts';
import { apiPath, nativeRegistry } from './native/registry.ts';
import type { RegistryService, StartOptions } from './service.ts';
import { startPart } from './start.ts';

const image = 'apicurio/apicurio-registry:3.3.3';
const containerPort = 8080;

/**
 * A schema registry with Confluent's API: at `SCHEMA_REGISTRY_URL`, in a container, or as a process;
 * the last two are Apicurio Registry and start empty.
 *
 * @throws MissingPrerequisiteError when none of them can be had
 */
export function startRegistry(options: StartOptions): Promise<RegistryService> {
  return startPart('registry', { fromEnvironment, inContainer, natively: nativeRegistry }, options);
}

function fromEnvironment(environment: NodeJS.ProcessEnv): RegistryService | undefined {
  const url = environment['SCHEMA_REGISTRY_URL'];
  if (!url) return undefined;
  return {
    name: 'schema registry',
    origin: 'environment',
    url,
    example: `curl --silent ${url}/subjects`,
    stop: async () => {},
  };
}

async function inContainer({ signal }: StartOptions): Promise<RegistryService> {
  const { GenericContainer, Wait } = await import('testcontainers');
  const starting = new GenericContainer(image)
    .withExposedPorts(containerPort)
    .withWaitStrategy(Wait.forHttp(`${apiPath}/subjects`, containerPort))
    .start();
  const container = await startedContainer(starting, signal);
  const url = `http://${container.getHost()}:${container.getMappedPort(containerPort)}${apiPath}`;
  return {
    name: 'schema registry',
    origin: 'docker',
    url,
    example: `curl --silent ${url}/subjects`,
    stop: async () => void (await container.stop()),
  };
}
