import { seededRandom } from '../../src/sandbox/random.ts';

/** Chance that follows from a seed. */
export class Dice {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  /** A whole number from `min` to `max`, both included. */
  between(min: number, max: number): number {
    return min + Math.floor(this.#random() * (max - min + 1));
  }

  /** Whether something happens that does so with this probability, 0 to 1. */
  happens(probability: number): boolean {
    return this.#random() < probability;
  }

  pick<const Item>(items: readonly [Item, ...Item[]]): Item {
    return items[this.between(0, items.length - 1)] ?? items[0];
  }

  /** A copy in random order (Fisher and Yates). */
  shuffled<Item>(items: readonly Item[]): Item[] {
    const shuffled: Item[] = [];
    for (const item of items) {
      const place = this.between(0, shuffled.length);
      shuffled.push(shuffled[place] ?? item);
      shuffled[place] = item;
    }
    return shuffled;
  }

  /** So many lower-case hexadecimal digits. */
  hex(digits: number): string {
    return Array.from({ length: digits }, () => this.between(0, 15).toString(16)).join('');
  }

  /** A version 4 UUID. */
  uuid(): string {
    const variant = this.pick(['8', '9', 'a', 'b']);
    return `${this.hex(8)}-${this.hex(4)}-4${this.hex(3)}-${variant}${this.hex(3)}-${this.hex(12)}`;
  }
}
