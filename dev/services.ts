import { once } from 'node:events';
import { startJaeger } from './jaeger.ts';
import { startKafka } from './kafka.ts';
import { startMariadb } from './mariadb.ts';
import { startPostgres } from './postgres.ts';
import { startRegistry } from './registry.ts';
import { MissingPrerequisiteError, type Service, type StartOptions } from './service.ts';

/** Starts a part and says its addresses as variables that give them to other commands. */
type Start = (options: StartOptions) => Promise<{
  readonly service: Service;
  readonly addresses: Readonly<Record<string, string>>;
}>;

const starts: Readonly<Record<string, Start>> = {
  Kafka: async (options) => {
    const service = await startKafka(options);
    return { service, addresses: { KAFKA_BROKERS: service.brokers.join(',') } };
  },
  'schema registry': async (options) => {
    const service = await startRegistry(options);
    return { service, addresses: { SCHEMA_REGISTRY_URL: service.url } };
  },
  PostgreSQL: async (options) => {
    const service = await startPostgres(options);
    return { service, addresses: { POSTGRES_URL: service.url } };
  },
  MariaDB: async (options) => {
    const service = await startMariadb(options);
    return { service, addresses: { MARIADB_URL: service.url } };
  },
  Jaeger: async (options) => {
    const service = await startJaeger(options);
    const { otlpUrl, queryUrl } = service;
    return { service, addresses: { JAEGER_OTLP_URL: otlpUrl, JAEGER_QUERY_URL: queryUrl } };
  },
};

/** The service once it is ready and its addresses are printed; undefined when there will be none. */
async function startAndPrint(
  name: string,
  start: Start,
  signal: AbortSignal,
): Promise<Service | undefined> {
  try {
    const { service, addresses } = await start({ report: (line) => console.error(line), signal });
    const lines = Object.entries(addresses).map(([variable, value]) => `  ${variable}=${value}`);
    console.log([`${name} (${service.origin})`, ...lines, `  try: ${service.example}`].join('\n'));
    return service;
  } catch (error) {
    if (signal.aborted) return undefined;
    if (!(error instanceof MissingPrerequisiteError)) process.exitCode = 1;
    console.log(`${name}: unavailable. ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

/** Runs the parts until `signal` says to end, then ends them. */
async function run(signal: AbortSignal): Promise<void> {
  const starting = Object.entries(starts).map(([name, start]) =>
    startAndPrint(name, start, signal),
  );
  const services = (await Promise.all(starting)).filter((service) => service !== undefined);
  if (services.length > 0 && !signal.aborted) {
    console.error('Ctrl-C ends them.');
    await once(signal, 'abort');
  }
  await Promise.all(services.map((service) => service.stop()));
}

const interrupted = new AbortController();
// The handlers stay, so that a second Ctrl-C doesn't cut the clean-up short.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => interrupted.abort());
}
// Parts that come from the environment keep no event loop running.
const keepAlive = setInterval(() => {}, 60_000);
await run(interrupted.signal);
clearInterval(keepAlive);
// A container whose start was given up may still be coming up; its reaper sees to it.
process.exit();
