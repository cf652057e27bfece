import type { Dice } from '../shop/dice.ts';
import { type BadStop, Supervisor, type SupervisorOptions, type UnaskedEnd } from './connector.ts';

/** Several connectors of one configuration, each run as an orchestrator does. */
export class Replicas {
  readonly #supervisors: readonly Supervisor[];
  readonly #dice: Dice;

  /** `dice` says which of them a fault hits. */
  constructor(count: number, dice: Dice, options: Omit<SupervisorOptions, 'name'>) {
    this.#dice = dice;
    this.#supervisors = Array.from(
      { length: count },
      (_, index) => new Supervisor({ ...options, name: `connector-${index + 1}` }),
    );
  }

  get count(): number {
    return this.#supervisors.length;
  }

  /** One of them, which a fault is to hit. */
  pick(): Supervisor {
    const [first, ...others] = this.#supervisors;
    if (!first) throw new Error('there is no connector');
    return this.#dice.pick([first, ...others]);
  }

  /** Of the processes that run now. */
  get runningIds(): readonly number[] {
    return this.#supervisors.flatMap(({ processId }) => processId ?? []);
  }

  /** Of all processes that there have been. */
  get processIds(): readonly number[] {
    return this.#supervisors.flatMap(({ processIds }) => processIds);
  }

  get unaskedEnds(): readonly UnaskedEnd[] {
    return this.#supervisors.flatMap(({ unaskedEnds }) => unaskedEnds);
  }

  get badStops(): readonly BadStop[] {
    return this.#supervisors.flatMap(({ badStops }) => badStops);
  }

  /** Ends all for good. */
  async stop(): Promise<void> {
    await Promise.all(this.#supervisors.map((supervisor) => supervisor.stop()));
  }

  /** Ends all for good, at once. */
  abandon(): void {
    for (const supervisor of this.#supervisors) supervisor.abandon();
  }
}
