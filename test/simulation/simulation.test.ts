import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { play } from './play.ts';
import { anyScenario } from './scenario.ts';
import { playSchedules } from './schedules.ts';

vi.mock('node:timers/promises', async (importOriginal) => ({
  ...(await importOriginal<object>()),
  setTimeout: (await import('./virtualTime.ts')).sleep,
}));

const minute = 60_000;
// The same schedules each time, unless told otherwise: whether a change lands is no matter of luck.
const { SIMULATION_SCHEDULES = '20000', SIMULATION_SEED = '2026', SIMULATION_PATH } = process.env;

test('whatever answers, faults, rebalances, crashes and restarts come, I1 to I4 hold', {
  timeout: 10 * minute,
}, async () => {
  const startedAt = performance.now();
  const details = await playSchedules({
    numRuns: Number(SIMULATION_SCHEDULES),
    seed: Number(SIMULATION_SEED),
    ...(SIMULATION_PATH !== undefined && { path: SIMULATION_PATH, endOnFailure: true }),
  });
  const seconds = (performance.now() - startedAt) / 1_000;
  const { numRuns, seed, counterexamplePath, counterexample, errorInstance } = details;
  console.info(`${numRuns} schedules in ${seconds.toFixed(1)} s; SIMULATION_SEED=${seed}`);
  if (details.failed) {
    const replay = `SIMULATION_SEED=${seed} SIMULATION_PATH=${counterexamplePath} npx vitest run test/simulation/simulation.test.ts`;
    const scenario = JSON.stringify(counterexample?.[0]);
    throw new Error(`${errorInstance}\n\nthe schedule: ${scenario}\nplay it again: ${replay}`);
  }
  expect(numRuns).toBeGreaterThan(0);
});

test('a schedule goes the same way each time, so that a seed is enough to play it again', {
  timeout: minute,
}, async () => {
  await fc.assert(
    fc.asyncProperty(anyScenario, async (scenario) => {
      const [first, second] = [await play(scenario), await play(scenario)];
      expect(second.history).toEqual(first.history);
    }),
    { numRuns: 50 },
  );
});
