import { seededRandom } from '../../src/sandbox/random.ts';

/** Whoever events happen to. Once it is dead, none of its own happen any more. */
export interface Owner {
  readonly isAlive: boolean;
  /** Until when nothing happens to it: it stands still, and finds everything at once when it goes on. */
  readonly pausedUntil?: number;
}

interface Happening {
  readonly at: number;
  readonly order: number;
  /** Undefined for the world, which doesn't die. */
  readonly owner: Owner | undefined;
  readonly work: () => void;
}

/** The chance that two things that happen to one owner in the same millisecond reach it at once. */
const coincidence = 0.3;

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
      if (this.#pending.includes(happening)) this.#remove(happening);
    };
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
      const next = this.#first();
      if (!next) return;
      this.#happen(next);
      const second = this.happens(coincidence) ? this.#first() : undefined;
      if (second && second.owner === next.owner && timeOf(second) - timeOf(next) < 1)
        this.#happen(second);
      await promisesSettled();
      this.#owner = undefined;
    }
  }

  #happen(happening: Happening): void {
    this.#remove(happening);
    this.now = timeOf(happening);
    this.#owner = happening.owner;
    happening.work();
  }

  #first(): Happening | undefined {
    let first: Happening | undefined;
    for (const happening of [...this.#pending]) {
      if (happening.owner?.isAlive === false) this.#remove(happening);
      else if (!first || isBefore(happening, first)) first = happening;
    }
    return first;
  }

  #remove(happening: Happening): void {
    const index = this.#pending.indexOf(happening);
    const last = this.#pending.pop();
    if (last && index < this.#pending.length) this.#pending[index] = last;
  }
}

function timeOf({ at, owner }: Happening): number {
  return Math.max(at, owner?.pausedUntil ?? 0);
}

function isBefore(one: Happening, other: Happening): boolean {
  const [own, others] = [timeOf(one), timeOf(other)];
  if (own !== others) return own < others;
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}

/** Node runs `nextTick` once no promise has anything left to do. */
function promisesSettled(): Promise<void> {
  return new Promise((resolve) => {
    process.nextTick(resolve);
  });
}
