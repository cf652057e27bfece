import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { outcomeNames } from '../src/pipeline/outcome.ts';
import { type Sandbox, startSandbox } from '../src/sandbox/sandbox.ts';
import { demoConfiguration } from './demo/configuration.ts';
import { startConnectorProcess } from './demo/connectorProcess.ts';
import { type GroupProgress, type GroupWatcher, watchGroup } from './demo/groupOffsets.ts';
import { formatTrace, waitForTrace } from './demo/jaegerTrace.ts';
import { readOutcomeCounts } from './demo/outcomeCounts.ts';
import { startProducerSpans } from './demo/producerSpans.ts';
import type { DemoResult } from './demo/report.ts';
import { runShop } from './demo/shopRun.ts';
import { type Availability, startPlatform } from './platform.ts';
import { type JaegerService, MissingPrerequisiteError } from './service.ts';
import { openShopPlatform } from './shopPlatform.ts';

const deadline = 120_000;
const interval = 250;

/** How the demo tells what it does. */
export interface DemoOptions {
  /** The program that is run as the connector: `src/main.ts`, or what it was built to. */
  readonly program: string;
  /** Takes what happens, a line at a time. */
  readonly report: (line: string) => void;
}

/** What the demo has seen, and one trace of it as an indented list. */
export interface Demonstration {
  readonly result: DemoResult;
  readonly trace: DemoTrace | undefined;
}

/** A trace: its id, its spans as an indented list, and where Jaeger's query API has it. */
export interface DemoTrace {
  readonly id: string;
  readonly text: string;
  readonly url: string;
}

/**
 * Starts real parts, plays a shop against them with the connector beside it as a process of its own, and
 * compares what everybody saw. Everything that it started is ended again. Throws MissingPrerequisiteError when a part can't be had.
 */
export async function demonstrate({ program, report }: DemoOptions): Promise<Demonstration> {
  await using opened = new AsyncDisposableStack();
  const parts = await startPlatform(report);
  opened.defer(parts.stop);
  const { brokers } = required(parts.kafka);
  const { url: registryUrl } = required(parts.registry);
  const jaeger = 'part' in parts.jaeger ? parts.jaeger.part : undefined;
  if ('missing' in parts.jaeger) report(`no traces: ${parts.jaeger.missing}`);
  const sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  opened.defer(() => sandbox.close());
  const prefix = `demo-${randomBytes(3).toString('hex')}.`;
  const shop = await openShopPlatform({ brokers, registryUrl, prefix });
  opened.defer(shop.close);

  const folder = await mkdtemp(join(tmpdir(), 'powerspace-demo-'));
  opened.defer(() => rm(folder, { recursive: true }));
  const configFile = join(folder, 'connector.yaml');
  const group = `${prefix}powerspace-connector`;
  const storeFile = join(folder, 'connector.db');
  const addresses = {
    brokers,
    registryUrl,
    sandboxUrl: sandbox.url,
    store: `sqlite:${storeFile}`,
    group,
  };
  await writeFile(configFile, demoConfiguration(addresses, shop.topics));
  const watcher = await watchGroup(brokers, group, Object.values(shop.topics));
  opened.defer(watcher.close);

  report(`connector: powerspace-connector run --config ${configFile}`);
  const logFile = join(folder, 'connector.log');
  const environment = tracingEnvironment(jaeger);
  const connector = startConnectorProcess({ program, configFile, logFile, environment });
  opened.defer(connector.kill);
  const adminUrl = await Promise.race([connector.reading, connector.failed]);
  report(`connector: reading; health and metrics at ${adminUrl}`);

  const spans = jaeger && (await startProducerSpans(jaeger.otlpUrl));
  opened.defer(async () => spans?.close());
  report('shop: two weeks of visits, and the sign-ups and orders that follow');
  const producing = runShop(shop, spans);
  const settled = watchUntilSettled({ watcher, sandbox, adminUrl, report, producing });
  const progress = await Promise.race([settled, connector.failed]);
  const { records, exampleTraceId } = await producing;
  const result = {
    ...{ records, progress },
    report: await connector.stop(),
    sandbox: sandbox.summary(),
  };
  await spans?.close();
  const trace = jaeger && exampleTraceId ? await readTrace(jaeger, exampleTraceId) : undefined;
  return { result, trace };
}

interface Watched {
  readonly watcher: GroupWatcher;
  readonly sandbox: Sandbox;
  readonly adminUrl: string;
  readonly report: (line: string) => void;
  readonly producing: Promise<unknown>;
}

/** Tells what becomes of the records until all that was produced is committed, as seen from outside. */
async function watchUntilSettled(watched: Watched): Promise<GroupProgress> {
  const { watcher, sandbox, adminUrl, report } = watched;
  const endsAt = performance.now() + deadline;
  let isProduced = false;
  const noted = watched.producing.then(() => {
    isProduced = true;
  });
  let lastLine = '';
  for (;;) {
    const wasProduced = isProduced;
    const progress = await watcher.progress();
    const counts = await readOutcomeCounts(adminUrl);
    const outcomes = outcomeNames.map((name) => `${name} ${counts.get(name) ?? 0}`);
    const { leads, orders } = sandbox.summary();
    const line = `${outcomes.join(' · ')} | recorded ${leads} leads, ${orders} orders | committed ${progress.committed}/${progress.end}`;
    if (line !== lastLine) report(line);
    lastLine = line;
    if (wasProduced && progress.committed === progress.end) {
      await noted;
      return progress;
    }
    if (performance.now() > endsAt) throw new Error(`not all settled within ${deadline} ms`);
    await sleep(interval);
  }
}

async function readTrace({ queryUrl }: JaegerService, id: string): Promise<DemoTrace> {
  const spans = await waitForTrace(queryUrl, id, (found) => found.length >= 5);
  return { id, text: formatTrace(spans), url: `${queryUrl}/api/traces/${id}` };
}

function required<Part>(availability: Availability<Part>): Part {
  if ('part' in availability) return availability.part;
  throw new MissingPrerequisiteError(availability.missing);
}

function tracingEnvironment(jaeger: JaegerService | undefined): NodeJS.ProcessEnv {
  if (!jaeger) return process.env;
  return { ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: jaeger.otlpUrl };
}
