import { readFileSync } from 'node:fs';
import { ConfigurationError, toError } from './errors.ts';

/** Files of a part's TLS settings, PEM each. */
export interface TlsFiles {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** What Node's TLS takes. */
export interface TlsOptions {
  ca?: Buffer;
  cert?: Buffer;
  key?: Buffer;
}

/** Reads the files that `setting` (`kafka.ssl`) names. Throws ConfigurationError for one that can't be read. */
export function readTlsFiles(files: TlsFiles, setting: string): TlsOptions {
  const options: TlsOptions = {};
  for (const name of ['ca', 'cert', 'key'] as const) {
    const file = files[name];
    if (file !== undefined) options[name] = readTlsFile(file, `${setting}.${name}`);
  }
  return options;
}

function readTlsFile(file: string, setting: string): Buffer {
  try {
    return readFileSync(file);
  } catch (thrown) {
    const message = `the file cannot be read: ${toError(thrown).message}`;
    throw new ConfigurationError([{ severity: 'error', setting, message }]);
  }
}
