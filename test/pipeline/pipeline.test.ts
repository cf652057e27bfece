import { expect, test } from 'vitest';
import { Intake } from '../../src/pipeline/intake.ts';
import { createPipeline, type PipelineParts } from '../../src/pipeline/pipeline.ts';
import { settlePromises } from '../manualClock.ts';
import { record } from './fixtures.ts';

test('a chunk that is under way when draining begins is claimed before the claims are given back', async () => {
  const schema = Promise.withResolvers<void>();
  const events: string[] = [];
  const intake = new Intake();
  const pipeline = createPipeline({
    intake,
    prepare: () => schema.promise,
    decodeAndMap: async () => ({ passed: [], settled: [] }),
    join: async () => ({ passed: [], settled: [] }),
    compose: async () => ({ passed: [], settled: [] }),
    claim: async () => ({ passed: [], settled: [] }),
    deliverer: {
      add: () => events.push('queued'),
      stop: () => events.push('stopped'),
      drain: async () => events.push('given back'),
    },
    settle: { early: () => {}, drain: async () => {} },
  } as unknown as PipelineParts);
  const running = pipeline.run();
  intake.add([record(0)]);
  await settlePromises();
  const drained = pipeline.drain();
  await settlePromises();
  schema.resolve();
  await Promise.all([running, drained]);
  expect(events).toEqual(['stopped', 'queued', 'given back']);
});
