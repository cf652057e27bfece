import { seededRandom } from '../../src/sandbox/random.ts';

/** Whoever events happen to. Once it is dead, none of its own happen any more. */
export interface Owner {
  readonly isAlive: boolean;
}

interface Happening {
  readonly at: number;
  readonly order: number;
  /** Undefined for the world, which doesn't die. */
  readonly owner: Owner | undefined;
  readonly work: () => void;
}

/**
 * Time of a simulated world. Everything that takes time is an event here, so that one seed decides the order
 * of all of them; between two events everything that waits for nothing but other promises comes to its end.
 */
export class Scheduler {
  /** In [0, 1); everything that is left to chance comes from here. */
  readonly random: () => number;
  readonly #pending: Happening[] = [];
  #order = 0;
  #owner: Owner | undefined;
  now = Date.UTC(2026, 0, 1);

  constructor(seed: number) {
    this.random = seededRandom(seed);
  }

  /** Whoever acts now: what it starts belongs to it. */
  get owner(): Owner | undefined {
    return this.#owner;
  }

  /** Runs `work` for `owner` after so many milliseconds, unless the returned function is called first. */
  schedule(milliseconds: number, owner: Owner | undefined, work: () => void): () => void {
    this.#order += 1;
    const happening = { at: this.now + milliseconds, order: this.#order, owner, work };
    this.#pending.push(happening);
    return () => {
      const index = this.#pending.indexOf(happening);
      if (index !== -1) this.#remove(index);
    };
  }

  /** How many events wait to happen to `owner`. */
  countPending(owner: Owner): number {
    return this.#pending.filter((happening) => happening.owner === owner).length;
  }

  /** Whether something with this chance happens. */
  happens(chance: number): boolean {
    return this.random() < chance;
  }

  /** One of `items`. */
  pick<Item>(items: readonly Item[]): Item {
    return items[Math.floor(this.random() * items.length)] as Item;
  }

  /** Milliseconds for which something is under way: mostly few, now and then long enough to meet anything else. */
  delay(): number {
    const kind = this.random();
    if (kind < 0.7) return 1 + this.random() * 20;
    return kind < 0.95 ? 20 + this.random() * 200 : 200 + this.random() * 2_000;
  }

  /** Lets events happen in their order until `isOver`, or until none is left. */
  async run(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      const next = this.#takeNext();
      if (!next) return;
      this.now = next.at;
      this.#owner = next.owner;
      next.work();
      await promisesSettled();
      this.#owner = undefined;
    }
  }

  #takeNext(): Happening | undefined {
    let first: Happening | undefined;
    let firstIndex = -1;
    for (let index = this.#pending.length - 1; index >= 0; index -= 1) {
      const happening = this.#pending[index] as Happening;
      if (happening.owner?.isAlive === false) this.#remove(index);
      else if (!first || happening.at < first.at || (happening.at === first.at && happening.order < first.order)) {
        first = happening;
        firstIndex = index;
      }
    }
    if (first) this.#remove(this.#pending[firstIndex] === first ? firstIndex : this.#pending.indexOf(first));
    return first;
  }

  #remove(index: number): void {
    const last = this.#pending.pop() as Happening;
    if (index < this.#pending.length) this.#pending[index] = last;
  }
}

/** Node runs `nextTick` once no promise has anything left to do. */
function promisesSettled(): Promise<void> {
  return new Promise((resolve) => {
    process.nextTick(resolve);
  });
}
