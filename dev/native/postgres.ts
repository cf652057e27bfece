import { chown, readdir, readFile, realpath, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { MissingPrerequisiteError, type PostgresService, type StartOptions } from '../service.ts';
import { newDataFolder } from './dataFolder.ts';
import { freePorts } from './ports.ts';
import { runToEnd, startProcess } from './process.ts';
import { findProgram, findUser } from './programs.ts';
import { untilReady } from './ready.ts';

const debianFolder = '/usr/lib/postgresql';
/** Where a server that runs says how it does. */
const statusFile = 'postmaster.pid';

/** A server of our own. Other than a part from elsewhere it can be made to fail. */
export interface NativePostgres extends PostgresService {
  /** Shuts it down at once (`immediate`): it drops what is under way, and recovers at its next start, as from a crash. */
  crash(): Promise<void>;
  /** Starts it again after a crash, on the same data and port; resolves once it takes connections. */
  restart(): Promise<void>;
}

/** The machine's PostgreSQL with a fresh database, which anyone on 127.0.0.1 may use as `postgres`. */
export async function nativePostgres({ signal }: StartOptions): Promise<NativePostgres> {
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
  const server = {
    program: join(dirname(await realpath(initdb)), 'postgres'),
    arguments: ['-D', dataFolder, '-h', '127.0.0.1', '-p', String(port), '-k', ''],
    // SIGTERM would wait for every client to go.
    stopSignal: 'INT',
    dataFolder,
    ...asUser,
  } as const;
  const start = async () => {
    const started = startProcess(server);
    await untilReady('PostgreSQL', started, () => saysReady(dataFolder), signal);
    return started;
  };
  let running = await start();
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  return {
    name: 'PostgreSQL',
    origin: 'native',
    url,
    example: `psql '${url}' -c 'select version()'`,
    async crash() {
      running.signal('SIGQUIT');
      await running.ended;
      // Of one that has ended it would say that it is ready.
      await rm(join(dataFolder, statusFile), { force: true });
    },
    async restart() {
      running = await start();
    },
    stop: () => running.stop(),
  };
}

/** As `pg_ctl` asks: the port answers before the server does. */
async function saysReady(dataFolder: string): Promise<boolean> {
  try {
    return /^ready\s*$/m.test(await readFile(join(dataFolder, statusFile), 'utf8'));
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
