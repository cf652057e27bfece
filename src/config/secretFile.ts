import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { toError } from '../errors.ts';
import { UnreadableFileError } from './variables.ts';

/** More than any password, token or key; a slip that names a database or a device is not read. */
const longest = 64 * 1024;

/** Reads the files that `${file:NAME}` names, relative to `folder`: UTF-8, without the newline at the end. */
export function secretFiles(folder: string): (name: string) => string {
  return function readSecret(name) {
    const file = resolve(folder, name);
    return decode(name, readBytes(name, file)).replace(/\r?\n$/, '');
  };
}

function readBytes(name: string, file: string): Buffer {
  try {
    const found = statSync(file);
    if (!found.isFile()) throw new UnreadableFileError(`${name} is not a file; name one`);
    if (found.size > longest) {
      throw new UnreadableFileError(`the file ${name} is longer than 64 KB, which no value is`);
    }
    return readFileSync(file);
  } catch (thrown) {
    if (thrown instanceof UnreadableFileError) throw thrown;
    const code = String(Reflect.get(toError(thrown), 'code'));
    throw new UnreadableFileError(
      reasons[code]?.(file) ?? `the file ${name} cannot be read (${code})`,
    );
  }
}

const reasons: Readonly<Record<string, (file: string) => string>> = {
  ENOENT: (file) => `there is no file ${file}; mount the secret there, or name another`,
  ENOTDIR: (file) => `there is no file ${file}; mount the secret there, or name another`,
  EACCES: (file) => `the file ${file} may not be read by this user; change its permissions`,
};

function decode(name: string, bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new UnreadableFileError(`the file ${name} is not text in UTF-8; save it as such`);
  }
}
