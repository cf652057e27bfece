import type { TestProject } from 'vitest/node';
import { startMariadb } from '../dev/mariadb.ts';
import { type Availability, startPlatform } from '../dev/platform.ts';
import { startPostgres } from '../dev/postgres.ts';
import { MissingPrerequisiteError, type Service, type StartOptions } from '../dev/service.ts';

/** The parts that there may be. */
export type PartName = 'kafka' | 'registry' | 'jaeger' | 'postgres' | 'mariadb';

/** Addresses of what the integration tests run against; `services.ts` hands them to a test. */
export interface ProvidedServices {
  readonly kafka: { readonly brokers: readonly string[] } | undefined;
  /** `url` is the base of the Confluent API. */
  readonly registry: { readonly url: string } | undefined;
  /** Traces go to `otlpUrl` by OTLP over HTTP; the query API is at `queryUrl`. */
  readonly jaeger: { readonly otlpUrl: string; readonly queryUrl: string } | undefined;
  /** `url` names a database in which the user may do everything. */
  readonly postgres: { readonly url: string } | undefined;
  /** `url` (`mysql://`) names a database, and a user who may do everything. */
  readonly mariadb: { readonly url: string } | undefined;
  /** Why a part can't be had on this machine. */
  readonly missing: Readonly<Partial<Record<PartName, string>>>;
}

declare module 'vitest' {
  interface ProvidedContext {
    readonly services: ProvidedServices;
  }
}

/** Starts the real parts once for a run; vitest calls what it returns at the end. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  await using starting = new AsyncDisposableStack();
  const postgres = await partOrReason(startPostgres);
  if ('part' in postgres) starting.defer(postgres.part.stop);
  const mariadb = await partOrReason(startMariadb);
  if ('part' in mariadb) starting.defer(mariadb.part.stop);
  const { kafka, registry, jaeger, stop } = await startPlatform(report);
  starting.defer(stop);
  project.provide('services', {
    kafka: 'part' in kafka ? { brokers: kafka.part.brokers } : undefined,
    registry: 'part' in registry ? { url: registry.part.url } : undefined,
    jaeger:
      'part' in jaeger
        ? { otlpUrl: jaeger.part.otlpUrl, queryUrl: jaeger.part.queryUrl }
        : undefined,
    postgres: 'part' in postgres ? { url: postgres.part.url } : undefined,
    mariadb: 'part' in mariadb ? { url: mariadb.part.url } : undefined,
    missing: {
      ...reason('kafka', kafka),
      ...reason('registry', registry),
      ...reason('jaeger', jaeger),
      ...reason('postgres', postgres),
      ...reason('mariadb', mariadb),
    },
  });
  const started = starting.move();
  return () => started.disposeAsync();
}

const report = (line: string): void => console.error(line);

async function partOrReason<Part extends Service>(
  start: (options: StartOptions) => Promise<Part>,
): Promise<Availability<Part>> {
  try {
    return { part: await start({ report }) };
  } catch (thrown) {
    if (thrown instanceof MissingPrerequisiteError) return { missing: thrown.message };
    throw thrown;
  }
}

function reason<Part>(name: string, availability: Availability<Part>): Record<string, string> {
  return 'missing' in availability ? { [name]: availability.missing } : {};
}
