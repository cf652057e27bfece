import { containerName, startedContainer } from './docker.ts';
import { nativeMariadb } from './native/mariadb.ts';
import type { MariadbService, StartOptions } from './service.ts';
import { startPart } from './start.ts';

const image = 'mariadb:11.4';
const containerPort = 3306;

/**
 * A MariaDB server: at `MARIADB_URL`, in a container, or as a process of the machine's MariaDB or Debian's package.
 *
 * @throws MissingPrerequisiteError when none of them can be had
 */
export function startMariadb(options: StartOptions): Promise<MariadbService> {
  return startPart('mariadb', { fromEnvironment, inContainer, natively: nativeMariadb }, options);
}

function fromEnvironment(environment: NodeJS.ProcessEnv): MariadbService | undefined {
  const url = environment['MARIADB_URL'];
  if (!url) return undefined;
  const { hostname, port, username } = new URL(url);
  return {
    name: 'MariaDB',
    origin: 'environment',
    url,
    example: `mariadb --host ${hostname} --port ${port || containerPort} --user ${username} -p -e 'select version()'`,
    stop: async () => {},
  };
}

async function inContainer({ signal }: StartOptions): Promise<MariadbService> {
  const { GenericContainer, Wait } = await import('testcontainers');
  const starting = new GenericContainer(image)
    .withEnvironment({ MARIADB_ALLOW_EMPTY_ROOT_PASSWORD: '1', MARIADB_DATABASE: 'test' })
    .withExposedPorts(containerPort)
    // The server that only sets the database up has no port.
    .withWaitStrategy(Wait.forLogMessage(/Version: .* port: 3306 /))
    .start();
  const container = await startedContainer(starting, signal);
  return {
    name: 'MariaDB',
    origin: 'docker',
    url: `mysql://root@${container.getHost()}:${container.getMappedPort(containerPort)}/test`,
    example: `docker exec ${containerName(container)} mariadb -e 'select version()'`,
    stop: async () => void (await container.stop()),
  };
}
