import { chmod, readFile, realpath, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { MariadbService, StartOptions } from '../service.ts';
import { newDataFolder } from './dataFolder.ts';
import { unpackedPackages } from './debian.ts';
import { freePorts } from './ports.ts';
import { runToEnd, startProcess } from './process.ts';
import { findProgram } from './programs.ts';
import { portAnswers, untilReady } from './ready.ts';

const programName = 'mariadbd';
const systemFolders = ['/usr/sbin', '/usr/local/sbin', '/usr/libexec'];

/** The server, and the libraries that not every machine has. */
const packages = ['mariadb-server-core', 'libaio1', 'liburing2', 'libnuma1'];
const otherwise =
  'There is no MariaDB server on this machine (no mariadbd): install the package mariadb-server, or start Docker, or set MARIADB_URL.';

/** A server of our own. Other than a part from elsewhere it can be made to fail. */
export interface NativeMariadb extends MariadbService {
  /** Kills it. */
  crash(): Promise<void>;
  /** Starts it again after a crash, on the same data and port; resolves once it takes connections. */
  restart(): Promise<void>;
}

/** MariaDB with an empty database, which anyone on 127.0.0.1 may use as `root`: the machine's, else Debian's package. */
export async function nativeMariadb(options: StartOptions): Promise<NativeMariadb> {
  const { signal } = options;
  const installed = await installation(options);
  const [port = 0] = await freePorts(1);
  const dataFolder = await newDataFolder('mariadb', (folder) =>
    createDatabase(installed, folder, signal),
  );
  const server = {
    program: installed.program,
    arguments: [
      ...commonArguments(installed, dataFolder),
      ...['--bind-address=127.0.0.1', `--port=${port}`, '--skip-name-resolve', '--socket='],
      ...[`--pid-file=${join(dataFolder, 'mariadbd.pid')}`, '--innodb-flush-log-at-trx-commit=2'],
    ],
    environment: installed.environment,
    dataFolder,
  };
  const start = async () => {
    const started = startProcess(server);
    await untilReady('MariaDB', started, () => portAnswers(port), signal);
    return started;
  };
  let running = await start();
  return {
    name: 'MariaDB',
    origin: 'native',
    url: `mysql://root@127.0.0.1:${port}/test`,
    example: `mariadb --host 127.0.0.1 --port ${port} --user root -e 'select version()'`,
    async crash() {
      running.signal('SIGKILL');
      await running.ended;
    },
    async restart() {
      running = await start();
    },
    stop: () => running.stop(),
  };
}

interface Installation {
  readonly program: string;
  /** The folder with `share` in it. */
  readonly base: string;
  readonly environment: Readonly<Record<string, string>>;
}

async function installation(options: StartOptions): Promise<Installation> {
  const program = await findProgram(programName, systemFolders);
  if (program !== undefined) {
    const real = await realpath(program);
    return { program: real, base: dirname(dirname(real)), environment: {} };
  }
  const root = await unpackedPackages({ part: 'mariadb', packages, otherwise }, options);
  const base = join(root, 'usr');
  const libraries = await realpath(join(base, 'lib', libraryFolder()));
  const environment = { LD_LIBRARY_PATH: libraries };
  return { program: join(base, 'sbin', programName), base, environment };
}

/** Where Debian keeps the libraries of this machine's kind. */
function libraryFolder(): string {
  return process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu';
}

function commonArguments({ base }: Installation, folder: string): string[] {
  return [
    ...['--no-defaults', `--datadir=${folder}`, `--basedir=${base}`],
    ...['--innodb-buffer-pool-size=32M', '--innodb-log-file-size=8M'],
    // It refuses to run as root by mistake.
    ...(process.getuid?.() === 0 ? ['--user=root'] : []),
  ];
}

/** What `mariadb-install-db` does, without the programs that it needs. */
async function createDatabase(
  installed: Installation,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const scripts = await Promise.all(
    ['system_tables', 'performance_tables', 'system_tables_data'].map((name) =>
      readScript(installed.base, name),
    ),
  );
  const beginning = ['CREATE DATABASE mysql;', 'USE mysql;', 'SET @auth_root_socket=NULL;'];
  const bootstrap = join(folder, 'bootstrap.sql');
  const text = [...beginning, ...scripts, 'CREATE DATABASE test;', ''].join('\n');
  await writeFile(bootstrap, text);
  await chmod(folder, 0o700);
  const command = [
    installed.program,
    ...commonArguments(installed, folder),
    ...['--bootstrap', '--skip-log-bin', '--innodb-flush-log-at-trx-commit=0'],
  ];
  await runToEnd(
    {
      program: '/bin/sh',
      arguments: ['-c', 'file=$1; shift; exec "$@" < "$file"', 'sh', bootstrap, ...command],
      environment: installed.environment,
      dataFolder: folder,
    },
    signal,
  );
}

/** One of the server's own scripts; lines about the host's name are for whoever resolves names. */
async function readScript(base: string, name: string): Promise<string> {
  const places = ['mysql', 'mariadb'].flatMap((folder) =>
    ['mysql', 'mariadb'].map((product) => join(base, 'share', folder, `${product}_${name}.sql`)),
  );
  for (const place of places) {
    const text = await readFile(place, 'utf8').catch(() => undefined);
    if (text !== undefined) return text.replace(/^.*@current_hostname.*$/gm, '');
  }
  throw new Error(`MariaDB's script ${name} is not in ${join(base, 'share')}`);
}
