import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Files of certificates and keys, PEM each, made with openssl. */
export interface Certificates {
  /** The path of a file: `ca.pem`, `server.key`. */
  readonly file: (name: string) => string;
  /** Removes them. */
  readonly remove: () => void;
}

/** A host that only a proxy of the test can find. */
export const remoteHost = 'remote.invalid';

const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc'];

/**
 * Two authorities, `ca` and `stranger`, and what they vouch for: `server` and `client`, and `impostor`. All are for
 * 127.0.0.1 and `remoteHost`.
 */
export function makeCertificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'connector-certificates-'));
  const file = (name: string) => join(folder, name);
  const make = (name: string, ...options: readonly string[]) => {
    const own = [
      '-subj',
      `/CN=${name}`,
      '-keyout',
      file(`${name}.key`),
      '-out',
      file(`${name}.pem`),
    ];
    const words = ['req', '-x509', '-days', '2', ...curve, ...own, ...options];
    execFileSync('openssl', words, { stdio: 'ignore' });
  };
  const issue = (name: string, authority: string) => {
    const by = ['-CA', file(`${authority}.pem`), '-CAkey', file(`${authority}.key`)];
    make(name, '-addext', `subjectAltName=IP:127.0.0.1,DNS:${remoteHost}`, ...by);
  };
  for (const authority of ['ca', 'stranger']) make(authority);
  for (const name of ['server', 'client']) issue(name, 'ca');
  issue('impostor', 'stranger');
  return { file, remove: () => rmSync(folder, { recursive: true }) };
}
