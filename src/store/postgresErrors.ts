import { ConfigurationError, toError, UnavailableError } from '../errors.ts';

/**
 * Conditions that pass by themselves, by the beginning of their code
 * (https://www.postgresql.org/docs/current/errcodes-appendix.html): connection, rollback because of others,
 * resources (also too many connections, disk full), intervention (shutdown, time-out), I/O, a lock that is not to be
 * had, and a server that only reads while another takes over.
 */
const passing = ['08', '40', '53', '57', '58', '55P03', '25006'];

/** What no waiting mends: login, database, privileges, schema; by the beginning of the code. */
const misconfigured = ['28', '3D', '42501', '3F'];

/**
 * What a failure means: UnavailableError for what may pass, so that the same call is worth making again, and
 * ConfigurationError, naming the setting, for what somebody has to mend. Any other stays as it is.
 */
export function explainPostgresError(part: string, thrown: unknown, setting = 'store'): Error {
  const error = withoutRows(toError(thrown));
  if (error instanceof UnavailableError || error instanceof ConfigurationError) return error;
  const code = String(Reflect.get(error, 'code') ?? '');
  const isOf = (codes: readonly string[]) => codes.some((start) => code.startsWith(start));
  const isFromServer = 'severity' in error;
  if (isFromServer ? isOf(misconfigured) : isRefusal(code, error.message)) {
    return settingProblem(setting, `${part}: ${describe(error)}`);
  }
  const passes = isFromServer ? isOf(passing) || isOutdated(error) : isLost(code, error.message);
  if (passes) {
    return new UnavailableError(part, describe(error), { cause: error });
  }
  return error;
}

/** What a server says beside its message quotes rows and values, and so could name a person in a log. */
function withoutRows(error: Error): Error {
  for (const name of ['detail', 'where', 'internalQuery']) Reflect.deleteProperty(error, name);
  return error;
}

/** A problem of the setting `store`. */
export function storeProblem(message: string): ConfigurationError {
  return settingProblem('store', message);
}

/** A problem of the setting that names a database. */
export function settingProblem(setting: string, message: string): ConfigurationError {
  return new ConfigurationError([{ severity: 'error', setting, message }]);
}

/** A host with several addresses fails with an error for each, and no message of its own. */
function describe(error: Error): string {
  if (!(error instanceof AggregateError)) return error.message;
  return error.message || error.errors.map((each) => toError(each).message).join('; ');
}

/** A server without TLS, a certificate that doesn't verify, a password that is missing. */
function isRefusal(code: string, message: string): boolean {
  return (
    /CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|^ERR_TLS/.test(code) ||
    /does not support SSL|^SASL: /.test(message)
  );
}

/**
 * A statement was prepared before a newer replica added a column that it gives as well. The connection is closed, as
 * after every failure, and the next prepares it anew.
 */
function isOutdated(error: Error): boolean {
  return Reflect.get(error, 'routine') === 'RevalidateCachedQuery';
}

/** A system error of the network, or what pg and pg-pool say of a connection that is no more. */
function isLost(code: string, message: string): boolean {
  return (
    /^E[A-Z_]+$/.test(code) ||
    /terminat|timeout|not queryable|was closed|disconnected|SSL connection|from backend/i.test(
      message,
    )
  );
}
