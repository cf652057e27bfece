import { chown, readdir, readFile, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { MissingPrerequisiteError, type PostgresService, type StartOptions } from '../service.ts';
import { newDataFolder } from './dataFolder.ts';
import { freePorts } from './ports.ts';
import { runToEnd, startProcess } from './process.ts';
import { findProgram, findUser } from './programs.ts';
import { untilReady } from './ready.ts';

const debianFolder = '/usr/lib/postgresql';

/** The machine's PostgreSQL with a fresh database, which anyone on 127.0.0.1 may use as `postgres`. */
export async function nativePostgres({ signal }: StartOptions): Promise<PostgresService> {
  const initdb = await findProgram('initdb', await debianProgramFolders());
  if (initdb === undefined) {
    throw new MissingPrerequisiteError(
      'There is no PostgreSQL server on this machine (no initdb): install the package postgresql, or start Docker, or set POSTGRES_URL.',
    );
  }
  const user = await userOtherThanRoot();
  const asUser = user && { user };
  const [port = 0] = await freePorts(1);
  const dataFolder = await newDataFolder('postgres', async (folder) => {
    if (user !== undefined) await chown(folder, user.uid, user.gid);
    const initialize = [
      ...['--pgdata', folder, '--username', 'postgres', '--auth', 'trust'],
      ...['--encoding', 'UTF8', '--locale', 'C', '--no-sync'],
    ];
    await runToEnd(
      { program: initdb, arguments: initialize, dataFolder: folder, ...asUser },
      signal,
    );
  });
  const running = startProcess({
    program: join(dirname(await realpath(initdb)), 'postgres'),
    arguments: ['-D', dataFolder, '-h', '127.0.0.1', '-p', String(port), '-k', ''],
    // SIGTERM would wait for every client to go.
    stopSignal: 'INT',
    dataFolder,
    ...asUser,
  });
  await untilReady('PostgreSQL', running, () => saysReady(dataFolder), signal);
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  return {
    name: 'PostgreSQL',
    origin: 'native',
    url,
    example: `psql '${url}' -c 'select version()'`,
    stop: running.stop,
  };
}

/** As `pg_ctl` asks: the port answers before the server does. */
async function saysReady(dataFolder: string): Promise<boolean> {
  try {
    return /^ready\s*$/m.test(await readFile(join(dataFolder, 'postmaster.pid'), 'utf8'));
  } catch {
    // Not written yet.
    return false;
  }
}

/** Debian keeps the server's programs out of PATH, in a folder for each version; newest first. */
async function debianProgramFolders(): Promise<string[]> {
  try {
    const versions = await readdir(debianFolder);
    return versions
      .sort((one, other) => Number(other) - Number(one))
      .map((version) => join(debianFolder, version, 'bin'));
  } catch {
    // Another system, or no PostgreSQL.
    return [];
  }
}

/** PostgreSQL refuses to run as root; undefined when we aren't root. */
async function userOtherThanRoot(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const user = (await findUser('postgres')) ?? (await findUser('nobody'));
  if (user === undefined) {
    throw new MissingPrerequisiteError(
      'PostgreSQL refuses to run as root, and there is no user postgres or nobody: run this as another user, or start Docker, or set POSTGRES_URL.',
    );
  }
  return user;
}
