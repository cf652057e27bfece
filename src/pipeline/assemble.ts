import type { AvroSchema } from '../avro/schema.ts';
import type { SchemaSource } from '../avro/schemaSource.ts';
import type { Clock } from '../clock.ts';
import type { Config, Mapping } from '../config/schema.ts';
import { takesTopic, topicsOf } from '../config/topics.ts';
import { unlessAborted } from '../deadline.ts';
import type { DeadLetters } from '../kafka/deadLetters.ts';
import type { Stage, TopicStages } from '../kafka/stageOrder.ts';
import { Breaker } from '../powerspace/breaker.ts';
import type { PowerspaceClient } from '../powerspace/client.ts';
import type { Store } from '../store/store.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Traces } from '../telemetry/traces.ts';
import { createAttempt } from './attempt.ts';
import { Availability } from './availability.ts';
import { createClaim } from './claim.ts';
import { compose } from './compose.ts';
import { createDecode, type TopicFormat } from './decode.ts';
import { createDecodeAndMap } from './decodeAndMap.ts';
import { Deliverer } from './deliver.ts';
import { Outstanding } from './delivery.ts';
import { Intake, type IntakeLimits } from './intake.ts';
import { createJoin } from './join.ts';
import { createPipeline } from './pipeline.ts';
import { Quarantine } from './quarantine.ts';
import { createSettle } from './settle.ts';
import { SharedRecords } from './sharedRecords.ts';

/** The parts of the outside world, opened. */
export interface OpenParts {
  readonly config: Config;
  /** Where the schemas are that frames name. */
  readonly source: SchemaSource | undefined;
  /** The schemas of `schema:` settings, by that setting. */
  readonly schemas: ReadonlyMap<string, AvroSchema>;
  readonly store: Store;
  readonly client: PowerspaceClient;
  readonly deadLetters: Pick<DeadLetters, 'send'>;
  /** What may wait for its outcome at once. */
  readonly limits: IntakeLimits;
  readonly clock: Clock;
  readonly log: Logger;
  /** In [0, 1), for jitter. */
  readonly random: () => number;
  readonly metrics: Metrics;
  readonly traces: Traces;
  /** Whether no other member of the group can have our partitions by now. */
  readonly isWithinSession: () => boolean;
  /** Aborts what only prepares a postback; then, when time is up, what makes its outcome durable. */
  readonly stopping: AbortSignal;
  readonly deadline: AbortSignal;
  /** Something failed that no retry mends. */
  readonly onFailure: (thrown: unknown) => void;
}

/** A pipeline, and what can be asked of it from outside. */
export type AssembledPipeline = ReturnType<typeof assemblePipeline>;

/** Builds the steps from the parts that they need. */
export function assemblePipeline(parts: OpenParts) {
  const { config, clock, log, random, metrics, traces, stopping, onFailure } = parts;
  const { clicks, ledger, workLog } = parts.store;
  const intake = new Intake(parts.limits);
  const sharedRecords = new SharedRecords();
  const outstanding = new Outstanding();
  const breaker = new Breaker();
  const availability = new Availability(clock, log, random);
  const untilAvailable = availability.until(stopping);
  const settle = createSettle({
    ...{ intake, sharedRecords, outstanding, ledger, clock, metrics, traces, onFailure },
    // It takes up to 15 s to fail, and what is only claimed is still to be given back.
    deadLetters: {
      send: (letters) => unlessAborted(parts.deadline, parts.deadLetters.send(letters)),
    },
    untilAvailable: availability.until(parts.deadline),
  });
  const deliverer = new Deliverer({
    ...{ breaker, clock, metrics, log, random, onFailure },
    ...config.powerspace,
    isWithinSession: () => parts.isWithinSession() && ledger.isWithinLease(),
    attempt: createAttempt({ client: parts.client, clock, metrics, log }),
    conclude: settle.delivery,
    giveBack: settle.giveBack,
  });
  const formatOf = createFormatOf(config.mappings, parts.schemas);
  const { prepare, decodeRecord } = createDecode({
    formatOf,
    source: parts.source,
    untilAvailable,
  });
  const quarantine = new Quarantine({ workLog, untilAvailable, clock, log, stopping, onFailure });
  const pipeline = createPipeline({
    ...{ intake, prepare, deliverer, settle },
    decodeAndMap: quarantine.guard(
      (record) => record,
      createDecodeAndMap(decodeRecord, sharedRecords),
    ),
    join: createJoin({ clicks, rules: config.clicks, traces, untilAvailable }),
    compose: quarantine.guard(({ mapped }) => mapped.record, compose),
    claim: createClaim({
      ...{ ledger, outstanding, clock, untilAvailable, random, stopping },
      untilGivenBack: availability.until(parts.deadline),
      letGo: settle.letGo,
    }),
  });
  return { ...pipeline, intake, outstanding, breaker, deliverer, availability };
}

/** How the records of a topic are read. All mappings that take it agree on that (topicCheck.ts). */
export function createFormatOf(
  mappings: readonly Mapping[],
  schemas: ReadonlyMap<string, AvroSchema>,
): (topic: string) => TopicFormat {
  return (topic) => {
    const own = mappings.filter((mapping) => takesTopic(mapping.topic, topic));
    const schema = own[0]?.schema;
    return {
      topic,
      format: own[0]?.format ?? 'confluent',
      useId: own[0]?.useId,
      schema: schema === undefined ? undefined : schemas.get(schema),
      mappings: own,
    };
  };
}

/** The stages that each topic holds, by its mappings; for patterns, of the topics that the cluster has. */
export function topicStages(
  mappings: readonly Mapping[],
  clusterTopics: readonly string[],
): readonly TopicStages[] {
  const topics = mappings.flatMap(({ topic }) => topicsOf(topic, clusterTopics));
  return Array.from(new Set(topics), (topic) => ({
    topic,
    stages: mappings
      .filter((mapping) => takesTopic(mapping.topic, topic))
      .map(({ record }): Stage => record),
  }));
}

/** The topics of the mappings that the cluster has. */
export function presentTopics(
  mappings: readonly Mapping[],
  clusterTopics: readonly string[],
): readonly string[] {
  return topicStages(mappings, clusterTopics)
    .map(({ topic }) => topic)
    .filter((topic) => clusterTopics.includes(topic));
}
