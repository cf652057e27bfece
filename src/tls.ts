import { readFileSync } from 'node:fs';
import { ConfigurationError, type Problem, toError } from './errors.ts';

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

/**
 * The problem with an environment that would have Node verify no certificate at all, anywhere in the process,
 * with no more than a warning; undefined where there is none.
 */
export function verificationProblem(environment: NodeJS.ProcessEnv): Problem | undefined {
  if (environment['NODE_TLS_REJECT_UNAUTHORIZED'] !== '0') return undefined;
  const message =
    'NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment would have no certificate verified; unset it, and name the file of your own authority as ca: in the ssl of kafka, kafka.sasl, registry or powerspace (sslrootcert in store)';
  return { severity: 'error', message };
}

/** OpenSSL's and Node's codes for a certificate that doesn't verify; Node names the rest of OpenSSL's `UNSPECIFIED`, such as a weak key. */
const certificateFault =
  /^((ERROR_IN_)?(CERT|CRL)_|ERR_TLS_CERT_|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_(VERIFY|GET|DECRYPT|DECODE)|HOSTNAME_MISMATCH|INVALID_(CA|PURPOSE)|PATH_LENGTH_EXCEEDED|UNSPECIFIED)/;

/** Whether an error's code says that the certificate of the other side doesn't verify. */
export function isCertificateFault(code: string): boolean {
  return certificateFault.test(code);
}

/** What to do about the codes of TLS, the first that fits; `setting` is the group of ca, cert and key. */
const advice: readonly (readonly [RegExp, (setting: string) => string])[] = [
  [
    /SELF_SIGNED_CERT|UNABLE_TO_(GET_ISSUER|VERIFY_LEAF)/,
    (setting) => `name the file of the authority that issued it as ${setting}.ca`,
  ],
  [/ALTNAME|HOSTNAME/, () => 'name the host as its certificate does'],
  [/CERT_HAS_EXPIRED|CERT_NOT_YET_VALID/, () => 'have it renewed, and look at the clocks'],
  [certificateFault, () => 'have another certificate issued for it'],
  [
    /ALERT_(CERTIFICATE|BAD_CERTIFICATE|HANDSHAKE|UNKNOWN_CA|ACCESS)|ALERT_CERT/,
    (setting) =>
      `it wants a client certificate that it trusts: name its files as ${setting}.cert and ${setting}.key`,
  ],
  [
    /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG/,
    (setting) => `no TLS is spoken there: name another port, or leave ${setting} out`,
  ],
];

/**
 * A failure of TLS in words that say what to do, such as `self-signed certificate; name the file …`; undefined for
 * any other failure. `setting` (`kafka.ssl`) is where the files are named.
 */
export function explainTlsFailure(thrown: unknown, setting: string): string | undefined {
  const error = toError(thrown);
  const { message, cause } = error;
  const code = String(Reflect.get(error, 'code') ?? '');
  const found = advice.find(([codes]) => codes.test(code));
  if (found) return `${openSslReason(message)}; ${found[1](setting)}`;
  return cause instanceof Error ? explainTlsFailure(cause, setting) : undefined;
}

/** OpenSSL says a lot about itself around the reason: `4053…:error:0A000412:SSL routines:name:REASON:file.c:918:…`. */
function openSslReason(message: string): string {
  return /:SSL routines:[^:]*:([^:]+):/.exec(message)?.[1] ?? message;
}
