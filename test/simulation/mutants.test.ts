import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { foundBugs, knownBugs } from './mutants.ts';
import { scenarioOf } from './scenario.ts';
import { playSchedules, ViolationError } from './schedules.ts';

vi.mock('node:timers/promises', async (importOriginal) => ({
  ...(await importOriginal<object>()),
  setTimeout: (await import('./virtualTime.ts')).sleep,
}));

/** Enough for the rarest of them, several times over. */
const enough = 10_000;

describe.each([
  ['other systems had', knownBugs],
  ['this connector had', foundBugs],
])('of the bugs that %s the simulation finds', (_, mutants) => {
  test.each(mutants)('$bug', { timeout: 120_000 }, async ({ breaks, needs, plant }) => {
    onTestFinished(plant());
    const schedules = { numRuns: enough, seed: 1, endOnFailure: true } as const;
    const details = await playSchedules(schedules, needs && scenarioOf(needs));
    const { errorInstance, numRuns } = details;
    console.info(`found after ${numRuns} schedules: ${String(errorInstance).split('\n')[0]}`);
    expect(errorInstance).toBeInstanceOf(ViolationError);
    expect([breaks].flat()).toContain((errorInstance as ViolationError).invariant);
  });
});
