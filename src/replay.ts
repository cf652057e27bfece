import { systemClock } from './clock.ts';
import type { LoadedConfig } from './config/load.ts';
import { createKafka } from './kafka/client.ts';
import { DeadLetters } from './kafka/deadLetters.ts';
import type { SourceRecord } from './kafka/partition.ts';
import { Lifecycle } from './lifecycle.ts';
import { readSchemas } from './parts.ts';
import { assemblePipeline } from './pipeline/assemble.ts';
import { defaultIntakeLimits } from './pipeline/intake.ts';
import { type OutcomeReport, tallyOutcomes } from './pipeline/tally.ts';
import { createPowerspaceClient } from './powerspace/client.ts';
import { openSources } from './sources.ts';
import { withClickTable } from './store/bothClicks.ts';
import { openStore } from './store/open.ts';
import type { Ledger } from './store/store.ts';
import { kafkaLog, type Logger } from './telemetry/log.ts';
import { createMetrics } from './telemetry/metrics.ts';
import { startTelemetry, warnOfTelemetryFailures } from './telemetry/sdk.ts';
import { createTraces } from './telemetry/traces.ts';

const lookInterval = 50;

/** The pipeline, for records that are brought to it once more. */
export interface Replay {
  /**
   * Sends the records through the pipeline, `rate` of them a second at most; resolves once each has its outcome.
   * Rejects when it can't go on, and with the reason of `signal` when that aborts.
   */
  run(records: AsyncIterable<SourceRecord>, rate: number, signal: AbortSignal): Promise<void>;
  /** What became of the records so far. */
  report(): OutcomeReport;
}

/** What a replay is made of. */
interface ReplayOptions {
  readonly loaded: LoadedConfig;
  readonly log: Logger;
}

/**
 * Opens the parts for a replay of dead letters, and notes in `opened` how to close them: what is in flight ends first.
 * Throws UnavailableError for a part that is away, and ConfigurationError.
 */
export async function openReplay(
  { loaded, log }: ReplayOptions,
  opened: AsyncDisposableStack,
): Promise<Replay> {
  const { config } = loaded;
  warnOfTelemetryFailures(log);
  const telemetry = await startTelemetry();
  opened.defer(telemetry.close);
  const parts = await openReplayParts({ loaded, log }, opened);
  const { metrics, report } = tallyOutcomes(createMetrics(telemetry.meter));
  const lifecycle = new Lifecycle();
  const pipeline = assemblePipeline({
    ...parts,
    ...{ config, log, metrics, clock: systemClock, random: Math.random },
    limits: defaultIntakeLimits,
    // No other member has these records: they come from no partition of the group.
    isWithinSession: () => true,
    traces: createTraces(telemetry.tracer, config.kafka.group),
    stopping: lifecycle.stopping,
    deadline: lifecycle.deadline,
    onFailure: lifecycle.fail,
  });
  pipeline.run().catch(lifecycle.fail);
  opened.defer(() => lifecycle.stop(pipeline.drain));

  const feed: Replay['run'] = async (records, rate, signal) => {
    const { intake } = pipeline;
    for await (const record of records) {
      intake.add([record]);
      await systemClock.wait(1_000 / rate, signal);
      while (intake.room === 0) await systemClock.wait(lookInterval, signal);
    }
    while (intake.heldRecords > 0) await systemClock.wait(lookInterval, signal);
  };
  return {
    report,
    run: (records, rate, signal) => Promise.race([lifecycle.failed, feed(records, rate, signal)]),
  };
}

async function openReplayParts({ loaded, log }: ReplayOptions, opened: AsyncDisposableStack) {
  const { config } = loaded;
  const store = await openStore(config.store, config.privacy.hashKey);
  opened.defer(store.close);
  const clicks = await withClickTable(store.clicks, config.clicks.table, opened);
  const client = createPowerspaceClient(config.powerspace);
  opened.defer(client.close);
  const deadLetters = new DeadLetters(createKafka(config.kafka, kafkaLog(log)), config.kafka.group);
  opened.defer(() => deadLetters.close());
  const { source } = await openSources(config, { cache: undefined, log }, opened);
  return {
    ...{ source, client, deadLetters, schemas: readSchemas(loaded) },
    store: { ...store, clicks, ledger: overriding(store.ledger) },
  };
}

/**
 * The ledger for records of which somebody says that they are to be sent after all: what was rejected or given up is
 * claimed anew. A claim that is given back is not forgotten, or what it went over would be.
 */
function overriding(ledger: Ledger): Ledger {
  return {
    ...ledger,
    claim: (claims) => ledger.claim(claims, ['rejected', 'undeliverable']),
    release: ledger.abandon,
  };
}
