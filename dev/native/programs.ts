import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { MissingPrerequisiteError } from '../service.ts';

const runProgram = promisify(execFile);

/** The path of a program in the folders of PATH, then in the others given; undefined if in none. */
export async function findProgram(
  name: string,
  otherFolders: readonly string[] = [],
): Promise<string | undefined> {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  for (const folder of [...folders, ...otherFolders]) {
    const path = join(folder, name);
    if (await isExecutable(path)) return path;
  }
  return undefined;
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    // Not there, or not for us: look on.
    return false;
  }
}

/** A Java runtime. */
export interface Java {
  readonly path: string;
  /** `17` of 17.0.15. */
  readonly version: number;
}

const oldestJava = 17;

/**
 * The Java of JAVA_HOME, else of PATH.
 *
 * @param part the part that needs it; with the variable that may give its address, for the sentence
 * @throws MissingPrerequisiteError when there is none of version 17 or newer
 */
export async function findJava(part: string, addressVariable: string): Promise<Java> {
  const home = process.env['JAVA_HOME'];
  const path = home ? join(home, 'bin', 'java') : await findProgram('java');
  const version = path === undefined ? undefined : await javaVersion(path);
  if (path !== undefined && version !== undefined && version >= oldestJava) {
    return { path, version };
  }
  const found = version === undefined ? 'none was found' : `found ${version} at ${path}`;
  throw new MissingPrerequisiteError(
    `${part} needs Java ${oldestJava} or newer (${found}): install it, or start Docker, or set ${addressVariable}.`,
  );
}

/** Options with which Java keeps its temporary files in a folder that is removed after it. */
export function leavingNothing(dataFolder: string): string[] {
  return [`-Djava.io.tmpdir=${dataFolder}`, '-XX:-UsePerfData'];
}

async function javaVersion(path: string): Promise<number | undefined> {
  try {
    const { stderr } = await runProgram(path, ['-XX:-UsePerfData', '-version']);
    const version = /version "(?:1\.)?(\d+)/.exec(stderr)?.[1];
    return version === undefined ? undefined : Number(version);
  } catch {
    // A stand-in that only says where to get Java (macOS), or a JAVA_HOME that leads nowhere.
    return undefined;
  }
}

/** The id of a user and its group; undefined when the machine has no such user. */
export async function findUser(name: string): Promise<{ uid: number; gid: number } | undefined> {
  try {
    const [user, group] = await Promise.all([
      runProgram('id', ['-u', name]),
      runProgram('id', ['-g', name]),
    ]);
    return { uid: Number(user.stdout), gid: Number(group.stdout) };
  } catch {
    // `id` knows no such user.
    return undefined;
  }
}
