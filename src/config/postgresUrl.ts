/** Where a PostgreSQL server is, and how to log in to it. */
export interface PostgresAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string | undefined;
  readonly database: string;
  /** The schema that holds the connector's tables. */
  readonly schema: string;
  /** Whether TLS is used; a certificate that doesn't verify is then refused, always. */
  readonly tls: boolean;
  /** A file with the certificate authorities (PEM), where the system's own don't do. */
  readonly rootCertificate: string | undefined;
}

const scheme = /^postgres(ql)?:/;
const parameters: readonly string[] = ['sslmode', 'sslrootcert', 'schema'];
/** What sslmode may be. */
export const tlsModes: readonly string[] = ['disable', 'require', 'verify-full'];

/** Whether a setting names a PostgreSQL database. */
export function isPostgresUrl(setting: string): boolean {
  return scheme.test(setting);
}

/** The parts of `postgres://user:password@host:port/database`. Throws where `postgresUrlProblem` finds something. */
export function parsePostgresUrl(setting: string): PostgresAddress {
  const problem = postgresUrlProblem(setting);
  if (problem !== undefined) throw new Error(problem);
  const url = new URL(setting);
  const parameter = (name: string) => url.searchParams.get(name) ?? undefined;
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || 5_432),
    user: decodeURIComponent(url.username),
    password: url.password === '' ? undefined : decodeURIComponent(url.password),
    database: decodeURIComponent(url.pathname.slice(1)),
    schema: parameter('schema') ?? 'powerspace',
    tls: (parameter('sslmode') ?? 'disable') !== 'disable',
    rootCertificate: parameter('sslrootcert'),
  };
}

/** What is wrong with such a setting, in words that hold nothing of it, since it holds a password. */
export function postgresUrlProblem(setting: string): string | undefined {
  const url = URL.parse(setting);
  const isComplete = url && url.hostname !== '' && url.username !== '' && url.pathname.length > 1;
  if (!isComplete || url.hash !== '' || !isDecodable(url)) {
    return 'must be postgres://user:password@host:port/database; signs such as @, /, #, ? and % in user and password are written %40, %2F, %23, %3F and %25';
  }
  if ([...url.searchParams.keys()].some((name) => !parameters.includes(name))) {
    return `takes ${parameters.join(', ')} behind the ?, and nothing else`;
  }
  if (!tlsModes.includes(url.searchParams.get('sslmode') ?? 'disable')) {
    return `sslmode must be ${tlsModes.join(', ')}; with TLS the certificate is always verified (sslrootcert=FILE names an authority of your own)`;
  }
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(url.searchParams.get('schema') ?? 'powerspace')) {
    return 'schema must be 1 to 63 lower-case letters, digits and underscores';
  }
  return undefined;
}

/** Whether its user, password and path hold no % that stands for itself. */
export function isDecodable({ username, password, pathname }: URL): boolean {
  try {
    return [username, password, pathname].map(decodeURIComponent).length > 0;
  } catch {
    // A % that stands for itself.
    return false;
  }
}
