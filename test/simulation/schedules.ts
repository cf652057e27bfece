import fc, { type RunDetails } from 'fast-check';
import { play } from './play.ts';
import { anyScenario, type Scenario } from './scenario.ts';

/** Which schedules to play: fast-check's seed, and the path to one of them. */
export interface Schedules {
  readonly numRuns: number;
  readonly seed?: number;
  readonly path?: string;
  /** Looks for no smaller schedule than the first that fails. */
  readonly endOnFailure?: true;
}

/** Lines of a schedule that a failure shows of its beginning, and of its end. */
const shownLines = 120;

/** Plays schedules until an invariant doesn't hold; then looks for the smallest schedule in which it doesn't. */
export function playSchedules(
  schedules: Schedules,
  scenarios: fc.Arbitrary<Scenario> = anyScenario,
): Promise<RunDetails<[Scenario]>> {
  const property = fc.asyncProperty(scenarios, async (scenario) => {
    const { violation, history } = await play(scenario);
    if (!violation) return;
    throw new ViolationError(violation.invariant, violation.message, history);
  });
  return fc.check(property, schedules);
}

/** An invariant does not hold. */
export class ViolationError extends Error {
  readonly invariant: string;

  constructor(invariant: string, message: string, history: readonly string[]) {
    super([`${invariant}: ${message}`, ...shorten(history)].join('\n'));
    this.invariant = invariant;
  }
}

function shorten(history: readonly string[]): readonly string[] {
  if (history.length <= 2 * shownLines) return history;
  return [...history.slice(0, shownLines), '…', ...history.slice(-shownLines)];
}
