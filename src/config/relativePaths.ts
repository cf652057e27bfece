import { resolve } from 'node:path';
import { isPostgresUrl } from './postgresUrl.ts';
import type { Config, Mapping } from './schema.ts';

/**
 * Makes the names of files absolute: schema files, TLS files, the SQLite file and the folder of schemas are
 * relative to the folder of the configuration file, so that it doesn't matter from where the connector is started.
 */
export function resolvePaths(config: Config, folder: string): Config {
  const absolute = (file: string): string => resolve(folder, file);
  const { kafka, registry, store, powerspace, clicks, mappings } = config;
  return {
    ...config,
    kafka: resolveKafka(kafka, absolute),
    registry: registry && {
      ...registry,
      ...(registry.ssl && { ssl: mapFiles(registry.ssl, absolute) }),
      ...(registry.cache && { cache: absolute(registry.cache) }),
    },
    store: resolveStore(store, absolute),
    powerspace: {
      ...powerspace,
      ...(powerspace.ssl && { ssl: mapFiles(powerspace.ssl, absolute) }),
    },
    clicks: clicks.table
      ? {
          ...clicks,
          table: { ...clicks.table, url: resolveCertificate(clicks.table.url, absolute) },
        }
      : clicks,
    mappings: mappings.map(
      (mapping): Mapping =>
        mapping.schema === undefined ? mapping : { ...mapping, schema: absolute(mapping.schema) },
    ),
  };
}

function resolveKafka(kafka: Config['kafka'], absolute: (file: string) => string): Config['kafka'] {
  const { ssl, sasl } = kafka;
  return {
    ...kafka,
    ...(typeof ssl === 'object' && { ssl: mapFiles(ssl, absolute) }),
    ...(sasl?.mechanism === 'oauthbearer' &&
      sasl.ssl && { sasl: { ...sasl, ssl: mapFiles(sasl.ssl, absolute) } }),
  };
}

function resolveStore(store: string, absolute: (file: string) => string): string {
  if (!isPostgresUrl(store)) return `sqlite:${absolute(store.slice('sqlite:'.length))}`;
  return resolveCertificate(store, absolute);
}

function resolveCertificate(address: string, absolute: (file: string) => string): string {
  const url = new URL(address);
  const certificate = url.searchParams.get('sslrootcert');
  if (certificate !== null) url.searchParams.set('sslrootcert', absolute(certificate));
  return url.href;
}

type Files = Exclude<Config['kafka']['ssl'], boolean | undefined>;

function mapFiles(files: Files, change: (file: string) => string): Files {
  const entries = Object.entries(files).map(([name, file]) => [name, file && change(file)]);
  return Object.fromEntries(entries);
}
