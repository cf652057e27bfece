import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import kafkajs, { type Admin } from 'kafkajs';
import { startKafka } from '../dev/kafka.ts';
import { startPostgres } from '../dev/postgres.ts';
import { startRegistry } from '../dev/registry.ts';
import { installKafkajsGuards } from '../src/kafka/guards.ts';
import { Clicks } from './clicks.ts';
import { Load } from './load.ts';
import { type Receiver, startReceiver } from './receiver.ts';
import type { Size } from './size.ts';

/** The real parts that connector, floors and rivals run against; all of them the same. */
export interface Parts {
  readonly brokers: readonly string[];
  readonly registryUrl: string;
  readonly receiver: Receiver;
  /** Sees committed offsets from outside. */
  readonly admin: Admin;
  readonly load: Load;
  readonly clicks: Clicks;
  /** For what a run writes; removed at the end. */
  readonly folder: string;
  /** Begins the names of topics, groups and schemas. */
  readonly prefix: string;
}

/**
 * Starts Kafka, the registry, PostgreSQL and the receiver; how to end them goes into `opened`. Throws
 * MissingPrerequisiteError where one can't be had.
 */
export async function startParts(
  { size, report }: { readonly size: Size; readonly report: (line: string) => void },
  opened: AsyncDisposableStack,
): Promise<Parts> {
  installKafkajsGuards();
  const folder = await mkdtemp(join(tmpdir(), 'powerspace-bench-'));
  opened.defer(() => rm(folder, { recursive: true, force: true }));
  const start = async <Service extends { stop(): Promise<void> }>(starting: Promise<Service>) => {
    const service = await starting;
    opened.defer(() => service.stop());
    return service;
  };
  const starting = [
    start(startReceiver({ report })),
    start(startKafka({ report })),
    start(startRegistry({ report })),
    start(startPostgres({ report })),
  ] as const;
  // All of them, so that none comes up after the others were ended.
  await Promise.allSettled(starting);
  const [receiver, kafkaService, registry, postgres] = await Promise.all(starting);
  const { brokers } = kafkaService;
  const kafka = new kafkajs.Kafka({
    ...{ clientId: 'bench', brokers: [...brokers], logLevel: kafkajs.logLevel.NOTHING },
    connectionTimeout: 10_000,
  });
  const admin = kafka.admin();
  await admin.connect();
  opened.defer(() => admin.disconnect());
  const prefix = `bench_${randomBytes(3).toString('hex')}`;
  const load = new Load({ kafka, admin, registryUrl: registry.url, prefix, report });
  opened.defer(load.close);
  const clicks = new Clicks({ postgresUrl: postgres.url, folder, prefix, count: size.clicks });
  opened.defer(clicks.close);
  return {
    ...{ brokers, registryUrl: registry.url },
    ...{ receiver, admin, load, clicks, folder, prefix },
  };
}
