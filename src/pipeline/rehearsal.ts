import { setTimeout as sleep } from 'node:timers/promises';
import { trace } from '@opentelemetry/api';
import type { AvroSchema } from '../avro/schema.ts';
import type { SchemaSource } from '../avro/schemaSource.ts';
import type { Config, RecordKind } from '../config/schema.ts';
import { UnavailableError } from '../errors.ts';
import type { SourceRecord } from '../kafka/partition.ts';
import { recordName } from '../kafka/partitionName.ts';
import { postbackTarget } from '../powerspace/request.ts';
import type { ClickStore, LedgerReader } from '../store/store.ts';
import { createTraces } from '../telemetry/traces.ts';
import { createFormatOf } from './assemble.ts';
import { type Conversion, compose } from './compose.ts';
import { createDecode } from './decode.ts';
import { createDecodeAndMap } from './decodeAndMap.ts';
import { createJoin } from './join.ts';
import { duplicate, type Outcome, reasonOf } from './outcome.ts';
import { SharedRecords } from './sharedRecords.ts';
import type { Settlement, StepResult } from './step.ts';

const retryDelay = 2_100;

/** What a rehearsal needs. */
export interface RehearsalParts {
  readonly config: Config;
  readonly source: SchemaSource;
  readonly schemas: ReadonlyMap<string, AvroSchema>;
  /** The clicks that are known. Those of the records are saved to it. */
  readonly clicks: ClickStore;
  /** What the ledger knows of a conversion; nothing is noted in it. */
  readonly findConversion: LedgerReader['find'];
}

/** Takes records through the steps up to the claim, and says what they would become, in their order. */
export type Rehearsal = (records: readonly SourceRecord[]) => Promise<readonly Rehearsed[]>;

/** What a record, or one of the conversions that it reports, would become. */
export interface Rehearsed {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** What its mapping makes of it, where one applies. */
  readonly record: RecordKind | undefined;
  readonly outcome: Exclude<Outcome['outcome'], 'delivered'> | 'would be sent';
  readonly reason: string | undefined;
  /** Of a dead letter. */
  readonly error: string | undefined;
  /** Path and query of its postback, without the click id. */
  readonly request: string | undefined;
}

/**
 * Begins a rehearsal, in which nothing is claimed, sent or stored. What the clicks, sign-ups and conversions of some
 * records tell is known to those that follow.
 */
export function createRehearsal(parts: RehearsalParts): Rehearsal {
  const { config, source, schemas } = parts;
  const formatOf = createFormatOf(config.mappings, schemas);
  const { prepare, decodeRecord } = createDecode({ formatOf, source, untilAvailable: retryOnce });
  const join = createJoin({
    clicks: parts.clicks,
    rules: config.clicks,
    traces: createTraces(trace.getTracer('rehearsal'), config.kafka.group),
    untilAvailable: retryOnce,
  });
  const claim = createClaimRehearsal(parts.findConversion);
  return async (records) => {
    const ended: Rehearsed[] = [];
    const pass = <Passed>({ passed, settled }: StepResult<Passed>): readonly Passed[] => {
      ended.push(...settled.map(toRehearsed));
      return passed;
    };
    await prepare(records);
    const mapped = pass(createDecodeAndMap(decodeRecord, new SharedRecords())(records));
    const composed = pass(compose(pass(await join(mapped))));
    for (const conversion of composed) ended.push(await claim(conversion));
    return inOrder(records, ended);
  };
}

/** Of conversions with one key the first counts; what has failed before would be sent again. */
function createClaimRehearsal(findConversion: LedgerReader['find']) {
  const seen = new Set<string>();
  return async ({ record, postback, key }: Conversion): Promise<Rehearsed> => {
    const repeated = toRehearsed({ record, kind: postback.kind, outcome: duplicate });
    const name = key.toString('hex');
    if (seen.has(name)) return repeated;
    seen.add(name);
    const noted = await retryOnce(() => findConversion(key));
    if (noted?.state === 'delivered') return repeated;
    // Whoever has claimed it, and lives, sends it.
    const isLeft = noted?.state === 'claimed' && !noted.isInterrupted;
    if (isLeft) return { ...repeated, reason: 'claimed' };
    const request = postbackTarget({ ...postback, clickId: '***' });
    return { ...repeated, outcome: 'would be sent', request };
  };
}

/** A source believes only after 2 s that it doesn't know a schema. Whatever is away else, a rehearsal doesn't wait for. */
async function retryOnce<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (thrown) {
    if (!(thrown instanceof UnavailableError)) throw thrown;
    await sleep(retryDelay);
    return work();
  }
}

function toRehearsed({ record, kind, outcome }: Settlement): Rehearsed {
  const { topic, partition, offset } = record;
  return {
    ...{ topic, partition, offset, record: kind },
    outcome: outcome.outcome as Rehearsed['outcome'],
    reason: reasonOf(outcome),
    error: 'error' in outcome ? outcome.error : undefined,
    request: undefined,
  };
}

/** As the records were given. */
function inOrder(records: readonly SourceRecord[], ended: readonly Rehearsed[]) {
  const byName = Map.groupBy(ended, recordName);
  return records.flatMap((record) => byName.get(recordName(record)) ?? []);
}
