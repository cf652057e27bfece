import { containerName, startedContainer } from './docker.ts';
import { nativePostgres } from './native/postgres.ts';
import type { PostgresService, StartOptions } from './service.ts';
import { startPart } from './start.ts';

const image = 'postgres:17-alpine';

/**
 * A PostgreSQL server: at `POSTGRES_URL`, in a container, or as a process of the machine's PostgreSQL.
 *
 * @throws MissingPrerequisiteError when none of them can be had
 */
export function startPostgres(options: StartOptions): Promise<PostgresService> {
  return startPart('postgres', { fromEnvironment, inContainer, natively: nativePostgres }, options);
}

function fromEnvironment(environment: NodeJS.ProcessEnv): PostgresService | undefined {
  const url = environment['POSTGRES_URL'];
  if (!url) return undefined;
  return {
    name: 'PostgreSQL',
    origin: 'environment',
    url,
    example: `psql '${url}' -c 'select version()'`,
    stop: async () => {},
  };
}

async function inContainer({ signal }: StartOptions): Promise<PostgresService> {
  const { PostgreSqlContainer } = await import('@testcontainers/postgresql');
  const container = await startedContainer(new PostgreSqlContainer(image).start(), signal);
  const url = container.getConnectionUri();
  return {
    name: 'PostgreSQL',
    origin: 'docker',
    url,
    example: `docker exec ${containerName(container)} psql -U ${container.getUsername()} ${container.getDatabase()} -c 'select version()'`,
    stop: async () => void (await container.stop()),
  };
}
