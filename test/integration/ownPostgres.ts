import { appendFile, readFile, writeFile } from 'node:fs/promises';
import type { TestContext } from 'vitest';
import { nativePostgres } from '../../dev/native/postgres.ts';
import { toError } from '../../src/errors.ts';
import { type OwnSchema, ownSchema } from './ownSchema.ts';

/** A PostgreSQL server of a test's own, for what would disturb others. */
export interface OwnPostgres extends OwnSchema {
  readonly url: string;
  /** Ends all connections of connectors, as an administrator or a fail-over does. */
  terminateConnectors(): Promise<void>;
  /** Kills one of its processes: it ends every connection, refuses new ones, recovers from its log, and goes on. */
  crash(): Promise<void>;
  /** Shuts it down in the middle of what it does, and starts it again. */
  restart(): Promise<void>;
  /** Asks everybody but its administrator, `postgres`, for a password from now on. */
  requirePasswords(): Promise<void>;
}

/** Starts one, which ends with the test. Where none can be started the test is skipped, and says why. */
export async function ownPostgres(context: TestContext): Promise<OwnPostgres> {
  const starting = nativePostgres({ report: () => undefined });
  const server = await starting.catch((thrown) => context.skip(toError(thrown).message));
  context.onTestFinished(server.stop);
  const { url } = server;
  const schema = await ownSchema(url);
  const { query } = schema;
  return {
    ...schema,
    url,
    async terminateConnectors() {
      await query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'powerspace-connector'",
      );
    },
    async crash() {
      const [backend] = await query('SELECT pg_backend_pid() AS pid');
      process.kill(Number(backend?.['pid']), 'SIGKILL');
    },
    async restart() {
      await server.crash();
      await server.restart();
    },
    async requirePasswords() {
      const [row] = await query('SHOW hba_file');
      const file = String(row?.['hba_file']);
      const rules = await readFile(file, 'utf8');
      await writeFile(
        file,
        'host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n',
      );
      await appendFile(file, rules);
      await query('SELECT pg_reload_conf()');
    },
  };
}
