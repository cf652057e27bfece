import { ConfigurationError, toError, UnavailableError } from '../errors.ts';
import { settingProblem } from './postgresErrors.ts';

/**
 * Errors of the server that no waiting mends, by their numbers: a database, login, table or column that is not there
 * or not granted, a way to log in that we don't know
 * (https://mariadb.com/docs/server/reference/error-codes/mariadb-error-code-reference,
 * https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html).
 */
const misconfigured = new Set([
  ...[1044, 1045, 1049, 1054, 1064, 1095, 1142, 1143, 1146, 1227, 1251, 1356, 1370, 1524, 1698],
  ...[1820, 1862, 3118, 4151],
]);

/** What an older server says, which doesn't know JSON_TABLE. */
const syntaxError = 1064;

/** What mysql2 says, before the server does, of a login or an encryption that can't work. */
const refusals = /^(HANDSHAKE_|AUTH_SWITCH_|ERR_TLS|SELF_SIGNED|CERT_|UNABLE_TO_)|_CERT|_SIGNATURE/;

/**
 * Errors that pass by themselves: connections (too many, of one user too many, killed, lost, host blocked), resources
 * (disk, memory), shutdown, time-outs (lock, statement), deadlock, a server that only reads or is not in its cluster
 * yet, a prepared statement that is no more.
 */
const passing = new Set([
  ...[1021, 1037, 1038, 1040, 1041, 1042, 1043, 1047, 1053, 1077, 1078, 1079, 1080, 1105, 1129],
  ...[1152, 1158, 1159, 1160, 1161, 1184, 1203, 1205, 1206, 1213, 1226, 1243, 1290, 1317, 1461],
  ...[1615, 1792, 1836, 1927, 1969, 2006, 2013, 3024, 3168, 4031],
]);

/** A system error of the network, or what mysql2 says of a connection that is no more. */
const lost = /^(E[A-Z_]+|PROTOCOL_[A-Z_]+)$/;
const lostMessage =
  /closed state|connection lost|not done within|pool is closed|packets out of order/i;

/**
 * What a failure of MySQL or MariaDB means: UnavailableError for what may pass, so that the same call is worth making
 * again, and ConfigurationError, naming the setting, for what somebody has to mend. Any other stays as it is.
 */
export function explainMysqlError(part: string, thrown: unknown, setting: string): Error {
  const error = toError(thrown);
  if (error instanceof UnavailableError || error instanceof ConfigurationError) return error;
  const code = String(Reflect.get(error, 'code') ?? '');
  const number = Number(Reflect.get(error, 'errno'));
  const isFromServer = Reflect.has(error, 'sqlState');
  if (isFromServer ? misconfigured.has(number) : refusals.test(code)) {
    const hint =
      number === syntaxError ? ' (MariaDB 10.6 or MySQL 8.0, or a newer one, is needed)' : '';
    return settingProblem(setting, `${part}: ${describe(error)}${hint}`);
  }
  if (isFromServer ? passing.has(number) : lost.test(code) || lostMessage.test(error.message)) {
    return new UnavailableError(part, describe(error), { cause: error });
  }
  return error;
}

/** A host with several addresses fails with an error for each, and no message of its own. */
function describe(error: Error): string {
  if (!(error instanceof AggregateError)) return error.message;
  return error.message || error.errors.map((each) => toError(each).message).join('; ');
}
