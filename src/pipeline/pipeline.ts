import type { SourceRecord } from '../kafka/partition.ts';
import { stepDone } from '../steps.ts';
import type { createClaim } from './claim.ts';
import type { Conversion } from './compose.ts';
import type { Deliverer } from './deliver.ts';
import type { Intake } from './intake.ts';
import type { createJoin, JoinedRecord } from './join.ts';
import type { MappedRecord } from './map.ts';
import type { Settle } from './settle.ts';
import type { StepResult } from './step.ts';

/** Records that go through the steps together. */
const chunkSize = 2_000;

/** The steps, and what stands before and behind them. */
export interface PipelineParts {
  readonly intake: Intake;
  /** Fetches the schemas that are not known yet. */
  readonly prepare: (records: readonly SourceRecord[]) => Promise<void>;
  readonly decodeAndMap: Step<SourceRecord, MappedRecord>;
  readonly join: ReturnType<typeof createJoin>;
  readonly compose: Step<JoinedRecord, Conversion>;
  readonly claim: ReturnType<typeof createClaim>;
  readonly deliverer: Deliverer;
  readonly settle: Settle;
}

type Step<In, Passed> = (items: readonly In[]) => Promise<StepResult<Passed>>;

/**
 * The way of a record, from Kafka to its outcome. Each step hands on what the next one needs, and settles the
 * rest. Chunks follow each other in order up to the claim; then a postback takes the time that it takes, while
 * the next chunk is already being joined. An offset is committed (kafka/consumer.ts) once it and all before it are settled.
 */
export function createPipeline(parts: PipelineParts) {
  const { intake, prepare, decodeAndMap, join, compose, claim, deliverer, settle } = parts;

  async function processChunk(records: readonly SourceRecord[]): Promise<void> {
    await prepare(records);
    const mapped = settleEarly(await decodeAndMap(records));
    stepDone('decoded');
    const joined = settleEarly(await join(mapped));
    for (const { source, offset } of records) source.joinedTo = offset + 1;
    stepDone('joined');
    const composed = settleEarly(await compose(joined));
    const claimed = settleEarly(await claim(composed));
    stepDone('claimed');
    deliverer.add(claimed);
  }

  function settleEarly<Passed>({ passed, settled }: StepResult<Passed>): readonly Passed[] {
    settle.early(settled);
    return passed;
  }

  async function processChunks(): Promise<void> {
    for (;;) {
      const records = await intake.take(chunkSize);
      if (!records) return;
      await processChunk(records);
    }
  }

  let running: Promise<void> | undefined;
  return {
    /** Processes what the intake gets until it is closed. */
    run(): Promise<void> {
      running = processChunks();
      return running;
    },

    /** Ends what is in flight, and gives back what was only claimed. */
    async drain(): Promise<void> {
      intake.close();
      deliverer.stop();
      // The chunk under way may still claim; how it fails is for whoever called `run`.
      await running?.catch(() => undefined);
      await deliverer.drain();
      await settle.drain();
    },
  };
}
