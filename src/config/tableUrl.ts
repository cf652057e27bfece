import { isDecodable, isPostgresUrl, parsePostgresUrl, tlsModes } from './postgresUrl.ts';

/** Where the database of a user's own table is, and how to log in to it. */
export interface TableAddress {
  readonly kind: 'postgres' | 'mysql';
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string | undefined;
  readonly database: string;
  /** Whether TLS is used; a certificate that doesn't verify is then refused, always. */
  readonly tls: boolean;
  /** A file with the certificate authorities (PEM), where the system's own don't do. */
  readonly rootCertificate: string | undefined;
}

const scheme = /^(postgres|postgresql|mysql|mariadb):/;
const parameters: readonly string[] = ['sslmode', 'sslrootcert'];

/** The parts of such an address. Throws where `tableUrlProblem` finds something. */
export function parseTableUrl(setting: string): TableAddress {
  const problem = tableUrlProblem(setting);
  if (problem !== undefined) throw new Error(problem);
  const kind = isPostgresUrl(setting) ? 'postgres' : 'mysql';
  const url = new URL(setting);
  if (url.port === '' && kind === 'mysql') url.port = '3306';
  // But for its scheme and its port the address of a MySQL database is written alike.
  const { schema: _, ...address } = parsePostgresUrl(url.href.replace(scheme, 'postgres:'));
  return { kind, ...address };
}

/** What is wrong with such a setting, in words that hold nothing of it, since it holds a password. */
export function tableUrlProblem(setting: string): string | undefined {
  const url = URL.parse(setting);
  const isComplete = url && url.hostname !== '' && url.username !== '' && url.pathname.length > 1;
  if (!scheme.test(setting) || !isComplete || url.hash !== '' || !isDecodable(url)) {
    return 'must be mysql://user:password@host:port/database (MariaDB too) or postgres://…; signs such as @, /, #, ? and % in user and password are written %40, %2F, %23, %3F and %25';
  }
  if ([...url.searchParams.keys()].some((name) => !parameters.includes(name))) {
    return `takes ${parameters.join(' and ')} behind the ?, and nothing else; the schema of the table goes into clicks.table.name`;
  }
  if (!tlsModes.includes(url.searchParams.get('sslmode') ?? 'disable')) {
    return `sslmode must be ${tlsModes.join(', ')}; with TLS the certificate is always verified (sslrootcert=FILE names an authority of your own)`;
  }
  return undefined;
}
